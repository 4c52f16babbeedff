"""A model's modules as parts of the training state: weights, and what torch's state_dict omits."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from stride.distributed import broadcast, gather, rank, world_size
from stride.models.model import CRITERION, Model
from stride.models.shards import is_sharded
from stride.models.strides import same_layout, with_strides


class WeightsState:
    """The weights of a model, restored in the layout in memory that they had."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def state_dict(self) -> dict[str, Any]:
        """Return parameters and persistent buffers by name."""
        return self._model.state_dict()

    def require_fit(self, state: Mapping[str, Any]) -> None:
        """Refuse weights of another model; only buffers may come, go and grow while it trains.

        Raises:
            RuntimeError: names what is missing, unknown or of another shape.
        """
        own = self._model.state_dict()
        free = {buffer.name for buffer in _buffers(self._model)}
        firm = {name: value for name, value in own.items() if name not in free}
        differences = {
            "missing": [name for name in firm if name not in state],
            "unknown": [name for name in state if name not in firm and name not in free],
            "of another shape": [
                f"{name} {tuple(state[name].shape)} instead of {tuple(value.shape)}"
                for name, value in firm.items()
                if isinstance(value, Tensor) and name in state and state[name].shape != value.shape
            ],
        }
        parts = [f"{kind}: {', '.join(names)}" for kind, names in differences.items() if names]
        if parts:
            raise RuntimeError("; ".join(parts))

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Put the weights into the model; a missing, unknown or misshapen one is an error."""
        for buffer in _buffers(self._model):
            if buffer.persistent and buffer.shape_differs(state.get(buffer.name)):
                buffer.replace(state.get(buffer.name), self._model.device)
        for held, value in _own_memory(self._model, state):
            if not same_layout(held, value):
                held.data = with_strides(held.data, value.stride())
        self._model.load_state_dict(state)


def _own_memory(model: Model, state: Mapping[str, Any]) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the tensors of a model that are no views of each other, with what is to be in them."""
    own = {id(t): (name, t) for name, t in _tensors(model)}.values()
    users = Counter(t.untyped_storage().data_ptr() for _, t in own if not is_sharded(t))
    for name, tensor in own:
        value = state.get(name)
        if not isinstance(value, Tensor) or is_sharded(tensor) or is_sharded(value):
            continue
        if users[tensor.untyped_storage().data_ptr()] == 1:
            yield tensor, value


def _tensors(model: Model) -> Iterator[tuple[str, Tensor]]:
    for prefix, module in (("", model.network), (CRITERION, model.criterion)):
        for name, tensor in (*module.named_parameters(), *module.named_buffers()):
            yield prefix + name, tensor


class _Buffer(NamedTuple):
    """A place for a buffer in a module; it may be empty."""

    name: str
    module: nn.Module
    key: str

    @property
    def persistent(self) -> bool:
        """Tell whether the buffer is in the module's own state dict."""
        return self.key not in self.module._non_persistent_buffers_set

    @property
    def value(self) -> Tensor | None:
        """Return what is there now."""
        return self.module._buffers[self.key]

    def shape_differs(self, value: Tensor | None) -> bool:
        """Tell whether the buffer cannot take a value in its place."""
        held = self.value
        if held is None or value is None:
            return held is not value
        return held.shape != value.shape or held.is_inference()

    def replace(self, value: Tensor | None, device: torch.device) -> None:
        """Put a copy of a value there, on the device of what was there before."""
        held = self.value
        place = device if held is None else held.device
        self.module._buffers[self.key] = None if value is None else value.detach().clone().to(place)

    def fill(self, value: Tensor | None, device: torch.device) -> None:
        """Put a value there, into the memory that is there where it fits."""
        held = self.value
        if held is None or value is None or self.shape_differs(value):
            self.replace(value, device)
        else:
            with torch.no_grad():
                held.copy_(value)

    def digest(self) -> str:
        """Return the digest of what is there."""
        if (value := self.value) is None:
            return ""
        numbers = value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy()
        return f"{value.dtype}{tuple(value.shape)}{sha256(numbers.data).hexdigest()}"


def _buffers(model: Model) -> Iterator[_Buffer]:
    for prefix, root in (("", model.network), (CRITERION, model.criterion)):
        for name, module in root.named_modules():
            for key in module._buffers:
                yield _Buffer(f"{prefix}{name}{'.' if name else ''}{key}", module, key)


class ModuleState:
    """What a network and its criterion are beside their weights.

    These are `requires_grad` of each parameter, the mode of each module, and the buffers that are
    not in torch's state dict.
    """

    def __init__(self, model: Model) -> None:
        self._model = model

    def state_dict(self) -> dict[str, Any]:
        """Return the names of what is frozen and of what is not in training mode; and buffers."""
        return {
            "frozen": [name for name, p in self._parameters() if not p.requires_grad],
            "evaluating": [name for name, module in self._modules() if not module.training],
            "buffers": {b.name: b.value for b in _buffers(self._model) if not b.persistent},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Freeze and unfreeze, switch modes, and fill buffers."""
        frozen, evaluating = set(state["frozen"]), set(state["evaluating"])
        for name, parameter in self._parameters():
            if parameter.requires_grad == (name in frozen):
                parameter.requires_grad_(name not in frozen)
        for name, module in self._modules():
            module.training = name not in evaluating  # .train() may do more than that
        for buffer in _buffers(self._model):
            if buffer.name in state["buffers"] and not buffer.persistent:
                buffer.fill(state["buffers"][buffer.name], self._model.device)

    def _parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        for prefix, root in (("", self._model.network), (CRITERION, self._model.criterion)):
            for name, parameter in root.named_parameters():
                yield prefix + name, parameter

    def _modules(self) -> Iterator[tuple[str, nn.Module]]:
        for prefix, root in (("", self._model.network), (CRITERION, self._model.criterion)):
            for name, module in root.named_modules():
                yield prefix + name, module


class RankBuffers:
    """The buffers of the other ranks, where they are not those of rank 0.

    Between two evaluations each rank has statistics of its own share, and a step may read them.
    """

    def __init__(self, model: Model) -> None:
        self._model = model

    def state_dict(self) -> dict[str, Any]:
        """Return by rank what differs, nothing where nothing does; every rank has to ask."""
        own = {b.name: b for b in _buffers(self._model) if not _is_divided(b.value)}
        mine = {name: buffer.digest() for name, buffer in own.items()}
        first: Mapping[str, str] = broadcast(mine)
        other = {name: own[name].value for name in own if mine[name] != first.get(name)}
        states = gather({k: None if v is None else v.detach().cpu() for k, v in other.items()})
        return {"ranks": states} if any(states) else {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Put this rank's buffers back; for another number of ranks there are none."""
        states: Sequence[Mapping[str, Tensor | None]] = state.get("ranks", [])
        if len(states) != world_size():
            return
        for buffer in _buffers(self._model):
            if buffer.name in states[rank()]:
                buffer.fill(states[rank()][buffer.name], self._model.device)


def _is_divided(value: Tensor | None) -> bool:
    return value is not None and is_sharded(value)
