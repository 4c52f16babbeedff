"""Take nested state apart into JSON and named tensors, and put it together again, without pickle.

What JSON has no form for is an object whose first key begins with `$`: `{"$tensor": name}`,
`{"$tuple": [...]}`, `{"$dict": [[key, value], ...]}` and their like. A tensor that does not lie row
by row in memory has its strides too: `{"$tensor": name, "strides": [...]}`. A tensor that is
divided among processes is `{"$rows": {"name": ..., "shape": [...], "borders": [...]}}`: the rows
from one border to the next are the tensor `<name>@<rank>`.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stride.distributed import rank, world_size
from stride.engine.checkpoint.safetensors_io import DTYPES
from stride.models.shards import (
    cpu_mesh,
    from_local_shard,
    is_sharded,
    local_shard,
    require_rows,
    shard_bounds,
)
from stride.models.strides import overlaps, permuted_strides, with_strides
from stride.models.weights import memory_key

_PLAIN = (bool, int, str, type(None))
_STORED = frozenset(DTYPES.values())


class Packer:
    """Take values apart, collecting their tensors; one that is met twice is stored once.

    Attributes:
        tensors: the tensors met so far, by name.
        rows: this process's rows of divided ones, by name and rank.
    """

    def __init__(self) -> None:
        self.tensors: dict[str, Tensor] = {}
        self.rows: dict[str, Tensor] = {}
        self._names: dict[tuple[object, ...], str] = {}

    def pack(self, value: Any, name: str) -> Any:
        """Return value as JSON; its tensors are named after their place below `name`.

        Raises:
            TypeError: a value that has no form without pickle, naming its place.
        """
        if isinstance(value, Tensor):
            return self._pack_tensor(value, name)
        if isinstance(value, np.ndarray):
            return self._pack_array(value, name)
        if isinstance(value, np.generic):
            if value.dtype.kind in "biuf" and value.itemsize <= 8:  # of its own precision
                return {"$number": [value.dtype.name, self.pack(value.item(), name)]}
            value = value.item()
        if type(value) in _PLAIN:
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else {"$float": repr(value)}
        return self._pack_container(value, name)

    def _pack_container(self, value: Any, name: str) -> Any:
        if isinstance(value, Mapping):
            return self._pack_mapping(value, name)
        if type(value) in (list, tuple, set):
            items = [  # of Python's random state 625 are plain
                item if type(item) in _PLAIN else self.pack(item, f"{name}/{i}")
                for i, item in enumerate(value)
            ]
            return items if type(value) is list else {f"${type(value).__name__}": items}
        if isinstance(value, bytes):
            return {"$bytes": value.hex()}
        raise TypeError(f"{name}: a {type(value).__name__} cannot be stored without pickle")

    def _pack_mapping(self, value: Mapping[Any, Any], name: str) -> Any:
        packed = [[key, self.pack(item, f"{name}/{key}")] for key, item in value.items()]
        if isinstance(value, Counter):
            return {"$Counter": packed}
        if all(type(key) is str and not key.startswith("$") for key in value):
            return dict(packed)
        if not all(type(key) in _PLAIN for key in value):
            raise TypeError(f"{name}: a key that is neither text nor a number cannot be stored")
        return {"$dict": packed}

    def _pack_array(self, array: "np.ndarray[Any, Any]", name: str) -> dict[str, Any]:
        if not array.flags.writeable or any(step < 0 for step in array.strides):
            array = array.copy()  # else torch warns, or refuses
        stored = self._store(torch.from_numpy(array), name)
        return {"$array": stored.pop("$tensor"), **stored}

    def _pack_tensor(self, tensor: Tensor, name: str) -> dict[str, Any]:
        if not is_sharded(tensor):
            return self._store(tensor, name)
        require_rows(tensor)
        known = self._names.setdefault(memory_key(tensor), name)
        if known == name:
            self.rows[f"{name}@{rank()}"] = local_shard(tensor.detach())
        ends = shard_bounds(len(tensor), world_size())
        return {"$rows": {"name": known, "shape": list(tensor.shape), "borders": ends}}

    def _store(self, tensor: Tensor, name: str) -> dict[str, Any]:
        _require_storable(tensor, name)
        while name in self.tensors:  # {"a/b": x} and {"a": {"b": y}} meet here
            name += "'"
        known = self._names.setdefault(memory_key(tensor), name)
        if known == name:
            self.tensors[name] = tensor.detach()
        strides = permuted_strides(tensor)
        return {"$tensor": known} | ({} if strides is None else {"strides": list(strides)})


def _require_storable(tensor: Tensor, name: str) -> None:
    if tensor.layout != torch.strided:
        raise TypeError(f"{name}: a {tensor.layout} tensor cannot be stored without pickle")
    if tensor.dtype not in _STORED:
        raise TypeError(f"{name}: a tensor of {tensor.dtype} cannot be stored")
    if overlaps(tensor):
        raise TypeError(
            f"{name}: a tensor that has one place in memory for several of its numbers, as after "
            "expand, cannot be stored; give it memory of its own by clone()"
        )


_FORMS: dict[str, Callable[[list[Any]], Any]] = {
    "$tuple": tuple,
    "$set": set,
    "$dict": dict,
    "$Counter": lambda items: Counter(dict(items)),
}


def joined(rows: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Tensor:
    """Put the rows of a divided tensor together."""
    return torch.cat([tensors[f"{rows['name']}@{k}"] for k in range(len(rows["borders"]) - 1)])


def divided_again(rows: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Tensor:
    """Return a tensor divided among the processes of this training, on the CPU.

    Args:
        rows: how it was divided.
        tensors: all rows of it, or this process's where they were divided alike.
    """
    shape, number = rows["shape"], len(rows["borders"]) - 1
    if number == world_size():
        own = tensors[f"{rows['name']}@{rank()}"]
    else:
        start, stop = shard_bounds(shape[0], world_size())[rank() : rank() + 2]
        own = joined(rows, tensors)[start:stop].clone()
    return from_local_shard(own, shape, cpu_mesh())


def unpack(
    value: Any,
    tensors: Mapping[str, Tensor],
    join: Callable[[Mapping[str, Any], Mapping[str, Tensor]], Tensor] = joined,
) -> Any:
    """Return what `Packer.pack` was given.

    Args:
        value: what it gave.
        tensors: by name.
        join: makes a tensor of one that was divided.

    Raises:
        KeyError: a tensor is missing.
    """
    if isinstance(value, list):
        return [unpack(item, tensors, join) for item in value]
    if not isinstance(value, dict):
        return value
    form = next(iter(value), "")
    if not form.startswith("$"):
        return {key: unpack(item, tensors, join) for key, item in value.items()}
    content = value[form]
    if form in _FORMS:
        return _FORMS[form]([unpack(item, tensors, join) for item in content])
    if form in ("$tensor", "$array"):
        tensor = tensors[content]
        tensor = with_strides(tensor, value.get("strides", tensor.stride()))
        return tensor if form == "$tensor" else tensor.numpy()
    scalars: dict[str, Callable[[Any], Any]] = {
        "$rows": lambda rows: join(rows, tensors),
        "$number": lambda pair: np.dtype(pair[0]).type(unpack(pair[1], tensors, join)),
        "$float": float,
        "$bytes": bytes.fromhex,
    }
    return scalars[form](content)
