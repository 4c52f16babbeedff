"""Say what was found of one run of another tool: its numbers, and what is known beside them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

Tell = Callable[[str], None]
"""Takes in words what of a source is not read."""

LATEST = 1e11
"""Unix seconds that no reader of a status takes for a moment."""

COUNTED = 2**53
"""Steps and epochs are below that: every reader of JSON has such whole numbers right."""

STEP = "step"
"""The axis of metrics that have none of their own."""


def is_moment(time: float) -> bool:
    """Tell whether a number can be a time in Unix seconds; NaN cannot."""
    return 0 <= time < LATEST


class Value(NamedTuple):
    """Hold one number as it was recorded.

    Attributes:
        step: where it stands on the run's main axis.
        time: Unix seconds.
        name: of the metric, as the source calls it.
        number: exactly that of the source.
    """

    step: int
    time: float
    name: str
    number: int | float


@dataclass(frozen=True)
class Place:
    """Hold where the run of a tool is.

    Attributes:
        tool: `tensorboard`, `lightning` or `wandb`.
        path: its folder, or its one file.
        name: what the run is called there.
        files: that are read of it, in order.
    """

    tool: str
    path: Path
    name: str
    files: Sequence[Path]


@dataclass
class SourceRun:
    """Hold what was read of one run.

    Attributes:
        values: in the order in which they were recorded.
        name: what the run is called there, where more is known than its place tells.
        version: of the tool, where it tells it.
        hyperparameters: plain values.
        axes: metric -> the metric that is its axis, where that is not the step.
        state: `done`, or `failed` where the source says so.
        reason: why.
        created: Unix seconds of the beginning, as `started` where the tool tells that.
        ended: Unix seconds of the last sign of it.
        host: on which it ran.
        commit: of its code.
        tags: as typed there.
        note: likewise.
        left_out: what of the source was not read, in words.
    """

    values: list[Value] = field(default_factory=list)
    name: str = ""
    version: str | None = None
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    axes: dict[str, str] = field(default_factory=dict)
    state: str = "done"
    reason: str = ""
    created: float = 0.0
    started: float | None = None
    ended: float = 0.0
    host: str | None = None
    commit: str | None = None
    tags: Sequence[str] = ()
    note: str = ""
    left_out: list[str] = field(default_factory=list)

    def tell(self, what: str) -> None:
        """Add what of the source was not read."""
        self.left_out.append(what)
