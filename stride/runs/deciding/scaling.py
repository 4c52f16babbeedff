"""Say how much faster a training is by more processes, from the timings that runs recorded."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stride.runs.deciding.configurations import DONE, LeftOut
from stride.runs.deciding.settings import differing, named, settings_of, short_names
from stride.runs.listing.facts import Facts
from stride.stats.moments import deviation, mean
from stride.stats.scaling import Scaled, scaled

TIMING_NAME = "logging_config.timing_name"
_SHARED_OUT = ("distributed_config.", "load_data_kwargs.batch_size", "load_data_kwargs.global_")
"""Begin the keys that say how the work is shared out, not which work it is."""


@dataclass(frozen=True)
class Timed:
    """Hold how fast the runs of one work are with so many processes.

    Attributes:
        name: of the work: its `timing_name`, else the settings in which it differs from others.
        device: the name of the devices.
        processes: how many.
        runs: those that count.
        rate: mean of their samples per second, of all processes together.
        rate_deviation: between runs; None for one.
        seconds: mean of their seconds of training.
        scaled: speed-up and efficiency against the fewest processes of the same work.
    """

    name: str
    device: str
    processes: int
    runs: Sequence[Facts]
    rate: float
    rate_deviation: float | None
    seconds: float
    scaled: Scaled


def scaling(runs: Iterable[Facts]) -> tuple[list[Timed], list[LeftOut]]:
    """Return for each work and number of processes how fast it is, and the runs that say nothing.

    Runs are of one work that have the same `timing_name`, or without one the same settings but for
    seed, batch size and what concerns processes; and that were trained on the same kind of device.
    Seeds are repetitions.
    """
    in_order = sorted(runs, key=lambda facts: facts.row.created)
    left_out = [LeftOut(facts, why) for facts in in_order if (why := _reason(facts))]
    timed = [facts for facts in in_order if not _reason(facts)]
    works: dict[tuple[str, str], dict[int, list[Facts]]] = {}
    for facts, name in zip(timed, _names(timed), strict=True):
        by_processes = works.setdefault((name, _device(facts)), {})
        by_processes.setdefault(len(facts.devices), []).append(facts)
    rows = [row for work, some in works.items() for row in _rows(*work, some)]
    return rows, left_out


def _rows(name: str, device: str, by_processes: Mapping[int, list[Facts]]) -> Iterator[Timed]:
    """Yield the rows of one work, the fewest processes first."""
    fewest = min(by_processes)
    base = mean(_rates(by_processes[fewest]))
    for processes, some in sorted(by_processes.items()):
        rates = _rates(some)
        spread = deviation(rates) if len(rates) > 1 else None
        seconds = mean([facts.timings["train_seconds"] for facts in some])
        found = scaled(mean(rates), processes, base, fewest)
        yield Timed(name, device, processes, some, mean(rates), spread, seconds, found)


def _rates(some: Sequence[Facts]) -> list[float]:
    return [facts.timings["samples_per_second"] for facts in some]


def _reason(facts: Facts) -> str:
    """Return why a run says nothing of speed, nothing where it does."""
    if facts.row.state != DONE:
        return facts.row.state
    if not facts.devices:
        return "does not tell its processes"
    timings = facts.timings
    known = timings.get("samples_per_second", 0) > 0 and "train_seconds" in timings
    return "" if known else "has no samples per second"


def _device(facts: Facts) -> str:
    return ", ".join(dict.fromkeys(facts.devices))


def _names(runs: Sequence[Facts]) -> list[str]:
    """Return of each run which work it does."""
    works = [_work(facts) for facts in runs]
    keys = differing([work for work in works if TIMING_NAME not in work])
    short = short_names(keys, {key for work in works for key in work})
    return [
        str(work[TIMING_NAME])
        if TIMING_NAME in work
        else named({key: work[key] for key in keys if key in work}, short)
        for work in works
    ]


def _work(facts: Facts) -> dict[str, Any]:
    name = facts.config.get(TIMING_NAME)
    if name is not None:
        return {TIMING_NAME: name}
    settings = settings_of(facts.config)
    return {key: one for key, one in settings.items() if not key.startswith(_SHARED_OUT)}
