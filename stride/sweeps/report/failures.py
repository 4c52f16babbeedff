"""Say in one line each why trials have failed."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from optuna.trial import FrozenTrial

from stride.runs.layout import RunPaths
from stride.sweeps.following.standing import runs_of
from stride.sweeps.following.words import overrides_of
from stride.sweeps.sweep import Sweep
from stride.sweeps.trials.trial import ERROR

_FRAME = '  File "'
_UNKNOWN = "no reason was noted"


class Failure(NamedTuple):
    """Hold a trial that has failed.

    Attributes:
        trial: its number.
        overrides: that it tried.
        runs: of it; their logs tell more.
        why: what ended it, in one line.
    """

    trial: int
    overrides: Mapping[str, Any]
    runs: list[RunPaths]
    why: str


def failures(sweep: Sweep, failed: Iterable[FrozenTrial]) -> list[Failure]:
    """Return what there is to say of trials that have failed."""
    return [
        Failure(
            one.number,
            overrides_of(one),
            runs_of(sweep, one),
            first_line(str(one.user_attrs.get(ERROR) or _UNKNOWN)),
        )
        for one in failed
    ]


def first_line(error: str) -> str:
    """Return of a traceback the first line of what was raised, of another text the first one."""
    return next(_raised(error.splitlines()), _UNKNOWN).strip()


def _raised(lines: list[str]) -> Iterator[str]:
    """Yield the lines behind the last frame and its source; all where there is no frame."""
    last = max((at for at, line in enumerate(lines) if line.startswith(_FRAME)), default=-1)
    in_source = last >= 0
    for line in lines[last + 1 :]:
        in_source = in_source and line.startswith("    ")
        if not in_source and line.strip():
            yield line
