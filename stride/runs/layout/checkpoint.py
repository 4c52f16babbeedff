"""Name checkpoints and their files."""

import re
from dataclasses import dataclass
from pathlib import Path

from stride.runs.layout.names import sanitised

_CHECKPOINT = re.compile(r".+_epoch_([0-9]+)(?:_step_([0-9]+))?")
_ROWS = re.compile(r".+\.rank([0-9]+)(?:-[0-9]+)?\.safetensors")
_TENSORS = r"(?:\.rank[0-9]+)?(?:-[0-9]+)?\.safetensors"


@dataclass(frozen=True, slots=True)
class CheckpointPaths:
    """Give the path of each file of one checkpoint, also while it has a temporary name."""

    path: Path

    @property
    def record(self) -> Path:
        """Return the record: step, epoch, position, files and their digests."""
        return self.path / "checkpoint.json"

    @property
    def state(self) -> Path:
        """Return all state except tensors."""
        return self.path / "state.json"

    def part(self, name: str, shard: int = 0, rank: int | None = None) -> Path:
        """Return a part's tensors (a large part has several files), or one rank's rows of them."""
        rows = "" if rank is None else f".rank{rank}"
        number = f"-{shard}" if shard else ""
        return self.path / f"{name}{rows}{number}.safetensors"


def rank_of_rows(file_name: str) -> int | None:
    """Return whose rows of divided tensors a file holds, None where it holds whole ones."""
    return int(match[1]) if (match := _ROWS.fullmatch(file_name)) else None


def is_of_part(file_name: str, part: str) -> bool:
    """Tell whether a file of a checkpoint holds tensors of a part, whole ones or some rows."""
    return re.fullmatch(re.escape(part) + _TENSORS, file_name) is not None


def checkpoint_name(
    architecture: str, dataset: str, experiment: str, epoch: int, step: int | None = None
) -> str:
    """Build a checkpoint's folder name, lower case and safe on every file system.

    Args:
        architecture: name or import path of the network.
        dataset: name or import path of the dataset.
        experiment: the experiment's name.
        epoch: completed epochs.
        step: optimiser updates done, for a checkpoint inside an epoch.
    """
    parts = "_".join(sanitised(part) for part in (architecture, dataset, experiment))
    inside = "" if step is None else f"_step_{step}"
    return f"{parts}_epoch_{epoch}{inside}"


def checkpoint_position(name: str) -> tuple[int, int | None] | None:
    """Return (epoch, step) of a checkpoint's folder name, or None where it is none.

    The step is None for a checkpoint at the end of an epoch.
    """
    match = _CHECKPOINT.fullmatch(name)
    if match is None:
        return None
    return int(match[1]), int(match[2]) if match[2] else None


def checkpoint_order(name: str) -> tuple[int, int, str]:
    """Return a sorting key that puts checkpoints in the order of training.

    The end of epoch 3 comes before any step inside the epoch that follows it. What is no
    checkpoint comes first.
    """
    epoch, step = checkpoint_position(name) or (-1, None)
    return epoch, -1 if step is None else step, name
