"""Say how good a model is: on each split, over seeds, and how it came there."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stride.config.nonfinite import decode_numbers
from stride.report.card.blocks import heading, to_write, words
from stride.report.card.front_matter import MOST, shown_scores
from stride.report.card.subject import Subject
from stride.runs.deciding.comparison import Measured
from stride.runs.deciding.tables import MetricWriter
from stride.runs.files.jsonl import scan
from stride.runs.listing.history import rows_with, thinned
from stride.stats.intervals import LEVEL
from stride.tables.markdown import markdown
from stride.tables.table import Column, Table, numbers

POINTS = 10
_PLACE = ("epoch", "step")


def results(subject: Subject) -> Iterator[str]:
    """Yield what the model reaches on held-out splits."""
    yield heading("Evaluation")
    scores = shown_scores(subject)
    if not scores:
        yield "Nothing was measured on data that it was not trained on."
        return
    yield _chosen_by(subject)
    counted = "episodes" if subject.acts else "samples"
    columns = [Column("split", str), Column(counted, "{:,}".format, numeric=True)]
    columns += [Column("metric", str), numbers("value")]
    rows = [[one.split, subject.size(one.split), one.metric, one.value] for one in scores]
    yield markdown(Table(columns, rows))
    if len(scores) < len(subject.scores):
        yield f"Of each split these are the first {MOST} metrics, of {len(subject.scores)} in all."
    yield to_write("For whom and under which conditions it was not measured, and may be worse.")


def _chosen_by(subject: Subject) -> str:
    best, row = subject.results.best, subject.row
    if row.monitor is None or best.step is None:
        return "These are the last values of the training."
    better = "smallest" if row.mode == "min" else "largest"
    return (
        f"These are the weights of epoch {best.epoch}, step {best.step:,}, where "
        f"{words(row.monitor)} was {better}."
    )


def seeds(found: Mapping[str, Measured]) -> Iterator[str]:
    """Yield what the same training reaches with other seeds, where there are some."""
    if not found:
        return
    yield heading("Over seeds", 3)
    yield (
        "The same training with several seeds, this one among them. The interval is Student's: of "
        f"such intervals {LEVEL:.0%} hold the mean of all seeds that there might be."
    )
    columns = [Column("metric", str), Column("seeds", str)]
    columns += [Column(title, str, numeric=True) for title in ("mean", "deviation")]
    columns.append(Column(f"mean, {LEVEL:.0%}", str))
    yield markdown(Table(columns, [_seeds_row(name, one) for name, one in found.items()]))


def _seeds_row(name: str, one: Measured) -> list[str | None]:
    write = MetricWriter([one])
    named = ", ".join(str(seed) for (seed,) in sorted(one.values))
    spread = [write(one.mean), write(one.deviation), write.interval(one.mean_interval)]
    return [name, named, *spread]


def curve(subject: Subject) -> Iterator[str]:
    """Yield how the metric by which the weights were chosen went, beside that of training."""
    names = _names(subject)
    found = rows_with([*_rows(subject, names)], names, steps=False)
    if not found:
        return
    names = [name for name in names if any(name in row for row in found)]
    few = thinned(found, names, POINTS)
    yield heading("Learning curve", 3)
    if len(few) < len(found):
        yield f"{len(few)} of {len(found):,} rows; the first, the last and the extremes are here."
    columns = [Column(title, str, numeric=True) for title in _PLACE]
    cells = [[row.get(name) for name in (*_PLACE, *names)] for row in few]
    yield markdown(Table([*columns, *map(numbers, names)], cells))


def _names(subject: Subject) -> list[str]:
    """Return the monitored metric, and before it that of training of the same name."""
    monitor = subject.row.monitor or "validation/epoch_loss"
    return [*dict.fromkeys([f"train/{monitor.partition('/')[2]}", monitor])]


def _rows(subject: Subject, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield of the rows that have one of some metrics what a table of them shows."""
    for _, row in scan(subject.paths.metrics):
        kept = {name: row[name] for name in (*_PLACE, *names) if name in row}
        if any(name in kept for name in names):
            yield decode_numbers(kept)
