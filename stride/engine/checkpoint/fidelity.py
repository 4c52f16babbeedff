"""Tell how exactly a training was restored: part by part, and by what surrounds it."""

import platform
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stride.data import Data
from stride.distributed import gather
from stride.engine.state import TrainState
from stride.models.shards import local_shard, sharded_like
from stride.models.strides import same_layout
from stride.version import __version__

UNCOMPARED = ("clock", "seconds", "noticed")  # what runs on meanwhile, and what is only named
_MISSING = "not in the checkpoint: it starts over"
_OTHER = "is not what was saved"
_LAYOUT = "has the numbers that were saved, in another order in memory"


def parts_restored(state: TrainState, saved: Mapping[str, Any]) -> tuple[list[str], dict[str, str]]:
    """Compare what the training holds now with what was saved, bit by bit, on all ranks.

    A part with `unrestored` tells by itself, name by name, what could not be put back; it is named
    among the equal ones where it `restores` anything.

    Returns:
        The names of the parts that are equal, and the others with what is wrong.
    """
    now = state.state_dict()
    inexact = {name: _MISSING for name in now if name not in saved and now[name] != {}}
    for name, part in saved.items():
        told = _told_by(state.parts.get(name))
        if name not in now:
            inexact[name] = "in the checkpoint, and nothing here takes it"
        elif told is not None:
            inexact |= told
        elif name not in UNCOMPARED and not same(now[name], part, layout=True):
            inexact[name] = _LAYOUT if same(now[name], part) else _OTHER
    for others in gather(inexact):  # each rank knows its shards
        inexact |= others
    exact = [name for name in now if name in saved and name not in inexact]
    return [name for name in exact if not _is_silent(state.parts.get(name), now[name])], inexact


def _is_silent(part: Any, now: Any) -> bool:
    """Tell whether a part that tells name by name has restored nothing, or not all."""
    told, restores = _told_by(part), getattr(getattr(part, "part", part), "restores", True)
    return told is not None and (bool(told) or not now or not restores)


def _told_by(part: Any) -> dict[str, str] | None:
    told: dict[str, str] | None = getattr(getattr(part, "part", part), "unrestored", None)
    return told


def surroundings_changed(record: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, str]:
    """Return what surrounds the training now and was other when a checkpoint was written.

    Args:
        record: of the checkpoint.
        now: `world_size`, `devices` and `threads`.
    """
    changed = {
        key: f"{record[key]} then, {now[key]} now"
        for key in now
        if record.get(key) not in (None, [], now[key])
    }
    before: Mapping[str, str] = record.get("versions", {})
    versions = present_versions()
    return changed | {
        key: f"{before[key]} then, {versions[key]} now"
        for key in versions
        if key in before and before[key] != versions[key]
    }


def present_versions() -> dict[str, str]:
    """Return the versions that the bits of a training depend on."""
    return {
        "stride": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def same(one: Any, other: Any, *, layout: bool = False) -> bool:
    """Tell whether two nested values are equal bit by bit; NaN equals itself, 0.0 is not -0.0.

    Args:
        one: a value.
        other: another.
        layout: whether their tensors have to lie in memory alike, too.
    """
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return _same_bits(one, other) and (not layout or same_layout(one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(
            same(one[key], other[key], layout=layout) for key in one
        )
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        pairs = zip(one, other, strict=False)
        return len(one) == len(other) and all(same(*pair, layout=layout) for pair in pairs)
    if isinstance(one, (np.ndarray, np.number)) and isinstance(other, (np.ndarray, np.number)):
        return _same_bits(_tensor(one), _tensor(other))
    if isinstance(one, float) and isinstance(other, float):
        return one.hex() == other.hex()
    return bool(one == other)


def _tensor(value: Any) -> Tensor:
    return torch.from_numpy(np.array(value))


def _same_bits(one: Tensor, other: Tensor) -> bool:
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    if not one.numel():  # of NumPy it may have strides that torch does not take for bytes
        return True
    one, other = sharded_like(one, other), sharded_like(other, one)
    return torch.equal(_bits(one), _bits(other))


def _bits(tensor: Tensor) -> Tensor:
    return local_shard(tensor).detach().cpu().contiguous().flatten().view(torch.uint8)


def loader_doubts(data: Data) -> dict[str, str]:
    """Return why loaders of the user's may not give the same again, by the names of their parts."""
    loaders = {"batches": data.train_loader, "loader of validation": data.val_loader}
    return {name: one.doubt for name, one in loaders.items() if getattr(one, "doubt", "")}  # type: ignore[union-attr]
