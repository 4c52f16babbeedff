"""Read and write weights: tensors only, each tied pair stored once."""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from stride.errors import RunError
from stride.models.shards import local_shard
from stride.runs.files.safe_open import reading
from stride.runs.files.safetensors_header import Header, read_header

_TIED = "tied"
SHOWN = 10  # names of each kind that a message lists


@dataclass(frozen=True)
class Loaded:
    """What of some weights a network has taken.

    Attributes:
        file: the weights, or the folder of a checkpoint.
        loaded: how many tensors of the network are from there.
        missing: names of the network's that are not there.
        unused: names there that the network does not have.
        misshapen: names of both, with both shapes.
    """

    file: Path
    loaded: int = 0
    missing: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    misshapen: list[str] = field(default_factory=list)

    @property
    def differences(self) -> dict[str, list[str]]:
        """Return what does not fit, by its kind in words."""
        kinds = ("missing", "unknown", "of another shape")
        found = zip(kinds, (self.missing, self.unused, self.misshapen), strict=True)
        return {kind: names for kind, names in found if names}

    def __str__(self) -> str:
        """Say how much was taken, and what was not."""
        left = "".join(f"; {counted(kind, names)}" for kind, names in self.differences.items())
        return f"{self.loaded} tensors from {self.file}{left}"


def counted(kind: str, names: Sequence[str]) -> str:
    """Return how many names are of a kind, with the first of them."""
    more = f", and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{len(names)} {kind}: {', '.join(names[:SHOWN])}{more}"


def memory_key(tensor: Tensor) -> tuple[object, ...]:
    """Return a key that is equal for tensors that share their memory (tied weights)."""
    rows = local_shard(tensor)
    if not rows.numel():
        return (id(tensor),)
    place = (rows.data_ptr(), tensor.dtype, tensor.device)
    return (*place, tuple(tensor.shape), tensor.stride())


def weights_bytes(state: Mapping[str, Any]) -> bytes:
    """Return a safetensors file of a state dict; what is not a tensor is left out.

    Names of tensors that share their memory with another are kept in the file's metadata.
    """
    kept: dict[str, Tensor] = {}
    tied: dict[str, str] = {}
    names: dict[tuple[object, ...], str] = {}
    for name, value in state.items():
        if not isinstance(value, Tensor):
            continue
        twin = names.setdefault(memory_key(value), name)
        if twin == name:
            kept[name] = value.detach()
        else:
            tied[name] = twin
    # One key only: safetensors writes several in an order that changes from process to process.
    metadata = {_TIED: json.dumps(tied)} if tied else {"format": "pt"}
    return save(separate_storages({name: tensor.cpu() for name, tensor in kept.items()}), metadata)


def read_weights(path: Path, device: str | torch.device = "cpu") -> dict[str, Tensor]:
    """Return the tensors of a safetensors file by name.

    Raises:
        RunError: the file is missing, not a safetensors file, or not of the run's own.
    """
    try:
        with reading(path) as opened:
            tied = _tied(read_header(opened))
        with safe_open(path, framework="pt", device=str(device)) as file:
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError as error:
        raise RunError("no weights here", where=str(path)) from error
    except (SafetensorError, OSError, ValueError, RunError) as error:
        raise RunError(f"this is not a safetensors file: {error}", where=str(path)) from error
    return state | {name: state[twin] for name, twin in tied.items()}


def _tied(header: Header) -> dict[str, str]:
    """Return for each tensor that is not stored the name of the one it is tied to.

    Raises:
        RunError: the record of them is malformed.
    """
    try:
        tied = dict(json.loads(header.metadata.get(_TIED, "{}")))
        known = header.tensors.keys() >= {*tied.values()}
    except (ValueError, TypeError):
        known = False
    if not known:
        raise RunError(f"its {_TIED!r} tensors are none that it has")
    return tied


def clone_state(state: Mapping[str, Any]) -> dict[str, Any]:
    """Clone a state dict; tied tensors stay tied."""
    clones: dict[tuple[object, ...], Tensor] = {}
    copied: dict[str, Any] = {}
    for name, value in state.items():
        if not isinstance(value, Tensor):  # a module's extra state
            copied[name] = copy.deepcopy(value)
            continue
        place = memory_key(value)
        if place not in clones:
            clones[place] = value.detach().clone()
        copied[name] = clones[place]
    return copied


def separate_storages(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return contiguous tensors that share no storage, as safetensors needs them."""
    storages: set[int] = set()
    separate = {}
    for name, tensor in tensors.items():
        whole = tensor.contiguous()
        storage = whole.untyped_storage().data_ptr()
        separate[name] = whole.clone() if storage in storages else whole
        storages.add(storage)
    return separate
