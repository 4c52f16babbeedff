"""The row of a run: what a listing shows of it."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from stride.runs.listing.progress import Progress
from stride.runs.tags.tags_json import known_tags

_NOTHING: Mapping[str, float] = MappingProxyType({})


class RunRow(NamedTuple):
    """Hold what a listing shows of one run.

    Attributes:
        name: name of the folder.
        path: the folder, below the work_dir as it was given.
        state: one of the states of a run, derived, or "broken".
        reason: why it is in that state.
        created: Unix seconds; of a broken folder its last change.
        started: Unix seconds of the first start.
        ended: Unix seconds of the end, or of the last sign of life of an interrupted run.
        duration: seconds from the start to the end, or until now.
        best: best metrics by name.
        last: the latest value of each metric by name.
        test: metrics of the best weights on the test split by name.
        short: whether results.json may have metrics that are not here; `Facts` has
            them.
        monitor: name of the metric that decides what is best.
        mode: "min" or "max".
        overrides: `key=value` texts as they were typed.
        sweep: the sweep that it is a trial of, None of none.
        trial: the number of the trial.
        uuid: the run's identity, whatever its folder is called.
        broken: why the folder cannot be read.
        progress: where its training is, or was when its process was killed.
    """

    name: str
    path: Path
    state: str
    reason: str = ""
    created: float = 0.0
    started: float | None = None
    ended: float | None = None
    duration: float | None = None
    best: Mapping[str, float] = _NOTHING
    last: Mapping[str, float] = _NOTHING
    test: Mapping[str, float] = _NOTHING
    short: bool = False
    monitor: str | None = None
    mode: str | None = None
    overrides: tuple[str, ...] = ()
    sweep: str | None = None
    trial: int | None = None
    uuid: str | None = None
    broken: str | None = None
    progress: Progress | None = None

    @property
    def metrics(self) -> dict[str, float]:
        """Return each metric where the run was best, else its last value; the test split's too."""
        return {**self.test, **self.last, **self.best}

    def metric(self, name: str) -> float | None:
        """Return one of `metrics`, None where the run has none of that name."""
        return self.best.get(name, self.last.get(name, self.test.get(name)))

    def to_json(self) -> dict[str, Any]:
        """Return the row as plain values, as every command that lists runs prints it.

        Tags and note are read now: they change when no record does.
        """
        tags, note = known_tags(self.path)
        return {
            "run": self.name,
            "uuid": self.uuid,
            "path": str(self.path),
            "status": self.state,
            "reason": self.reason,
            "created": self.created,
            "started": self.started,
            "ended": self.ended,
            "duration": self.duration,
            "monitor": {"metric": self.monitor, "mode": self.mode},
            "best": dict(self.best),
            "last": dict(self.last),
            "test": dict(self.test),
            "overrides": list(self.overrides),
            "sweep": self.sweep,
            "trial": self.trial,
            "tags": list(tags),
            "note": note,
            "progress": None if self.progress is None else self.progress._asdict(),
        }
