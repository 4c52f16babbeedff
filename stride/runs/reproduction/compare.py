"""Compare a reproduction with its original: bit by bit where bits are recorded."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby, takewhile
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

from stride.config.nonfinite import decode_number
from stride.errors import RunError
from stride.runs.files.encoding import is_count
from stride.runs.files.jsonl import scan
from stride.runs.fingerprints import (
    StepFingerprint,
    last_fingerprinted_step,
    read_digests,
    read_fingerprints,
)
from stride.runs.layout import CheckpointPaths, RunPaths
from stride.runs.records.checkpoint import CheckpointRecord
from stride.runs.records.reproduction import Difference, ReproductionRecord
from stride.runs.records.results import ResultsRecord
from stride.runs.records.status import StatusRecord
from stride.runs.reproduction.causes import edits, likely_causes
from stride.runs.reproduction.facts import differences
from stride.runs.reproduction.untrained import only_measured
from stride.runs.run import Run
from stride.runs.status import CLEAN_END
from stride.runs.verify.checkpoints import check_weights
from stride.runs.verify.report import Report

__all__ = [
    "compare_runs",
    "damaged_weights",
    "differences",
    "edits",
    "last_fingerprinted_step",
    "measures_time",
]

_TIME = re.compile(r"(.*[/_.-])?(time|seconds?|minutes?|hours?|duration|ms)")
"""Names of metrics that measure time, which no run can have again: the last word says so."""

_MODEL = CheckpointPaths(Path()).part("model")
_NOTHING = "no step could be compared: one of the runs has no fingerprints"

Item = TypeVar("Item")
Place = tuple[int, int]  # a step and an epoch
Weights = Literal["identical", "different", "not compared"]


class _Steps(NamedTuple):
    """Hold how the bits of the steps compare.

    Attributes:
        compared: how many steps both runs have.
        divergent: the first step of the original that the copy has with other bits, or not at all.
        lacking: the last steps of the copy and of the original, where the copy lacks some.
    """

    compared: int
    divergent: int | None
    lacking: tuple[int, int] | None


class _Row(NamedTuple):
    """Hold the metrics of one step and epoch, and for each where it stood the time before."""

    place: Place
    values: dict[str, float]
    since: dict[str, Place | None]


def compare_runs(
    original: RunPaths, copy: RunPaths, *, steps: int | None = None
) -> ReproductionRecord:
    """Say whether two runs are bit-identical, and if not, since when, how far, and why.

    The copy has to have the bits of each step of which the original has them; weights and metrics
    are compared where both runs have them, and metrics where both had reported them last at the
    same step. Runs without a step are identical where nothing that they measured differs.

    Args:
        original: the run that was reproduced.
        copy: the other one.
        steps: compare the first so many steps only.

    Raises:
        RunError: a record that is compared is broken.
    """
    end = math.inf if steps is None else steps
    compared, first, lacking = _compare_steps(original.fingerprints, copy.fingerprints, end)
    largest = _largest_difference(original.metrics, copy.metrics, end)
    if steps is None:
        largest = _larger(largest, _test_difference(original, copy))
    weights = _compare_weights(original, copy, whole=steps is None)
    diverged = first is not None or largest is not None or weights == "different"
    proven = compared > 0 or (steps is None and only_measured(original, copy))
    known = [_early_end(copy, lacking)] if lacking else []
    causes = likely_causes(original, copy, whole=steps is None, known=known) if diverged else []
    return ReproductionRecord(
        original=str(original.path),
        uuid=StatusRecord.read(original.status).uuid,
        identical=proven and not diverged,
        steps=compared,
        first_divergent_step=first,
        largest_difference=largest,
        weights=weights,
        causes=causes if proven else [*causes, _NOTHING],
    )


def _beside(
    first: Iterator[Item], second: Iterator[Item], place: Callable[[Item], Any]
) -> Iterator[tuple[Item, Item | None]]:
    """Yield each item of an ordered stream, and the item of another one at the same place."""
    other = next(second, None)
    for one in first:
        while other is not None and place(other) < place(one):
            other = next(second, None)
        yield one, other if other is not None and place(other) == place(one) else None


def _matched(
    first: Iterator[Item], second: Iterator[Item], place: Callable[[Item], Any]
) -> Iterator[tuple[Item, Item]]:
    """Yield the items of two ordered streams that are at the same place."""
    pairs = _beside(first, second, place)
    return ((one, other) for one, other in pairs if other is not None)


def _compare_steps(original: Path, copy: Path, end: float) -> _Steps:
    """Compare the copy's bits with all of the original's, whose own end may have been a kill."""
    compared, first, reached, last, lacks = 0, math.inf, 0, 0, False
    steps, of_copy = read_fingerprints(original, end), read_fingerprints(copy, end)
    for one, other in _beside(steps, of_copy, lambda bits: bits.step):
        if one.step > end:
            break
        last = one.step
        if other is None:
            lacks = True
        else:
            compared, reached = compared + 1, other.step
        if other is None or _differ(one, other):
            first = min(first, one.step)
    digests, of_copy_too = read_digests(original, end), read_digests(copy, end)
    for (step, digest), (_, copied) in _matched(digests, of_copy_too, lambda pair: pair[0]):
        if digest != copied and step <= end:
            first = min(first, step)
    divergent = None if math.isinf(first) else int(first)
    return _Steps(compared, divergent, (reached, last) if lacks else None)


def _early_end(copy: RunPaths, lacking: tuple[int, int]) -> str:
    """Say where a copy ended that lacks steps of its original, and why."""
    status, (reached, last) = StatusRecord.read(copy.status), lacking
    why = ": ".join(word for word in (status.state, status.reason) if word)
    return f"the copy ended at step {reached} of {last}: {why}"


def _differ(one: StepFingerprint, other: StepFingerprint) -> bool:
    """Tell whether the bits of a step differ; norms count where both have one."""
    norms = one.norm, other.norm
    return one.loss != other.loss or (None not in norms and norms[0] != norms[1])


def _rows(path: Path, end: float) -> Iterator[_Row]:
    """Yield the metrics of each step and epoch, those that measure time aside.

    Raises:
        RunError: a row has no step or epoch.
    """
    try:
        rows = takewhile(lambda row: row["step"] <= end, (row for _, row in scan(path)))
        reported: dict[str, Place] = {}
        for place, group in groupby(rows, key=_place):
            values = {k: v for row in group for k, v in _numbers(row)}
            yield _Row(place, values, {name: reported.get(name) for name in values})
            reported |= dict.fromkeys(values, place)
    except (KeyError, TypeError) as error:
        raise RunError("a row has no step or epoch", where=str(path)) from error


def _place(row: Mapping[str, Any]) -> Place:
    step, epoch = row["step"], row["epoch"]
    if not (is_count(step) and is_count(epoch)):
        raise TypeError
    return step, epoch


def measures_time(name: str) -> bool:
    """Tell by its name whether a number measures time, which no run can have again."""
    return _TIME.fullmatch(name) is not None


def _numbers(row: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name, value in row.items():
        number = decode_number(value)
        is_number = type(number) in (int, float) and name not in ("step", "epoch")
        if is_number and not measures_time(name):
            yield name, number


def _largest_difference(original: Path, copy: Path, end: float) -> Difference | None:
    """Return where two streams of metrics are most unlike, None where they are equal."""
    largest, found = 0.0, None
    for one, other in _matched(_rows(original, end), _rows(copy, end), lambda row: row.place):
        for name in _common(one, other):
            values = one.values[name], other.values[name]
            if _distance(*values) > largest:
                largest = _distance(*values)
                step, epoch = one.place
                found = Difference(metric=name, step=step, epoch=epoch, values=values)
    return found


def _test_difference(original: RunPaths, copy: RunPaths) -> Difference | None:
    """Return where the test split's metrics are most unlike, of runs that ended at one step."""
    if not (original.results.exists() and copy.results.exists()):
        return None
    results = [ResultsRecord.read(paths.results) for paths in (original, copy)]
    if len({(one.last.step, one.last.epoch) for one in results}) > 1:
        return None
    first, second = (one.test.model_extra or {} for one in results)
    step, epoch = results[0].best.step or 0, results[0].best.epoch or 0
    largest = None
    for name in first:
        if name in second and not _TIME.fullmatch(name) and _distance(first[name], second[name]):
            values = (first[name], second[name])
            found = Difference(metric=name, step=step, epoch=epoch, values=values)
            largest = _larger(largest, found)
    return largest


def _larger(one: Difference | None, other: Difference | None) -> Difference | None:
    """Return the larger of two differences, the first of two alike."""
    if one is None or other is None:
        return one or other
    return other if _distance(*other.values) > _distance(*one.values) else one


def _common(one: _Row, other: _Row) -> list[str]:
    """Return the metrics of both rows that span the same steps: some are means since the last."""
    names = [name for name in one.values if name in other.values]
    return [name for name in names if one.since[name] == other.since[name]]


def _distance(one: float, other: float) -> float:
    """Return how far apart two values are; NaN is equal to NaN and infinitely far from others."""
    if one == other or (math.isnan(one) and math.isnan(other)):
        return 0.0
    return abs(one - other) if math.isfinite(one) and math.isfinite(other) else math.inf


def _compare_weights(original: RunPaths, copy: RunPaths, *, whole: bool) -> Weights:
    """Compare the digests of the weights that both runs recorded at one place."""
    first, second = [_digests(paths, whole) for paths in (original, copy)]
    common = first.keys() & second.keys()
    if not common:
        return "not compared"
    return "identical" if all(first[k] == second[k] for k in common) else "different"


def damaged_weights(run: Run) -> list[str]:
    """Return what is wrong with the weights of a run, of which the recorded digest is compared.

    Raises:
        RunError: the results are broken.
    """
    report, ended = Report(run.path), run.state in CLEAN_END and run.paths.results.exists()
    check_weights(report, run.paths, ResultsRecord.read(run.paths.results) if ended else None)
    return [f"{file}: {what}" for file, what in report.problems]


def _digests(paths: RunPaths, whole: bool) -> dict[tuple[str, int, int], str]:
    """Return the digests of weights by what and where they are."""
    found = {}
    for folder in Run(paths.path).checkpoints():
        record = CheckpointRecord.read(CheckpointPaths(folder).record)
        found["checkpoint", record.step, record.epoch] = _of_model(record)
    if whole and paths.results.exists():
        results = ResultsRecord.read(paths.results)
        if results.weights_sha256 is not None and results.last.step is not None:
            place = "results", results.last.step, results.last.epoch or 0
            found[place] = results.weights_sha256
    return found


def _of_model(record: CheckpointRecord) -> str:
    """Return the digests of the files that hold a checkpoint's model, a large one in several."""
    return " ".join(
        digest.sha256
        for name, digest in sorted(record.files.items())
        if re.fullmatch(rf"{_MODEL.stem}(-[0-9]+)?{_MODEL.suffix}", name)
    )
