"""Make the tables of runs that a terminal, a paper and a notebook show."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stride.runs.layout import RunPaths
from stride.runs.listing.rows.row import RunRow
from stride.runs.provenance.imported import words_of
from stride.runs.provenance.lineage import read_lineage
from stride.runs.status import next_command
from stride.runs.tags.tags_json import shown_tags
from stride.tables.table import Column, Table, numbers
from stride.tables.words import age, duration, moment, number

if TYPE_CHECKING:
    from stride.runs.listing.facts import Facts
    from stride.runs.where.names import Field

_TAGS = Column("tags", " ".join, long=True)
_Filled = tuple[Column, Sequence[Any]]  # with a value for each row
PLACE = frozenset({"work_dir", "run"})  # overrides that say where a run is, not what it is
# States whose reason a listing shows.
REASON_SHOWN = frozenset({"failed", "broken", "running", "waiting"})


def overview(
    rows: Sequence[RunRow],
    metrics: Sequence[str] = (),
    *,
    now: float,
    jobs: Mapping[Path, str] | None = None,
    curves: Mapping[Path, str] | None = None,
) -> Table:
    """Return a listing: state, age, what was reached, and the overrides in which runs differ.

    Args:
        rows: of the runs, in their order.
        metrics: names of metrics; the monitored one if there are none.
        now: the time to judge from, in Unix seconds.
        jobs: what SLURM says of the run in a folder, where it was asked.
        curves: how its metric went, drawn in a line, where that was asked.
    """
    shared = shared_overrides(rows)
    columns = [
        *_heads(rows),
        (Column("age", age, numeric=True), [now - row.created for row in rows]),
        (Column("duration", duration, numeric=True), [row.duration for row in rows]),
        *([_measured(name, rows) for name in metrics] if metrics else _monitored(rows)),
        *_sweeps(rows),
        *([] if curves is None else [(Column("curve", str), [curves.get(r.path) for r in rows])]),
        *([] if jobs is None else [(Column("job"), [jobs.get(row.path) for row in rows])]),
        *_tags(rows),
        *_under_way(rows),
        (Column("overrides", long=True), [_rest(row, shared) for row in rows]),
    ]
    return _table(columns, _above(rows, f"all runs: {' '.join(shared)}" if shared else ""))


def chosen(facts: Sequence["Facts"], fields: Sequence["Field"]) -> Table:
    """Return a table of chosen columns: fields of the runs, keys of their configs, metrics."""
    rows = [one.row for one in facts]
    columns = [_chosen(field, [one.value(field) for one in facts], rows) for field in fields]
    return _table([*_heads(rows), *columns], _above(rows))


def side_by_side(
    rows: Sequence[RunRow], metrics: Sequence[str], config: Mapping[str, Sequence[str | None]]
) -> Table:
    """Return runs with their metrics and the keys of their configs in which they differ.

    Args:
        rows: of the runs, in their order.
        metrics: names of metrics.
        config: dotted key -> a value for each run as text, None where it has none.
    """
    heads = _heads(rows)
    if any(row.broken for row in rows):
        states = [f"{row.state} ({row.broken})" if row.broken else row.state for row in rows]
        heads[1] = (Column("status", str, wraps=True), states)
    columns = [
        *heads,
        *(_measured(name, rows) for name in metrics),
        *(_setting(key, values) for key, values in config.items()),
    ]
    return _table(columns, _above(rows))


def sheet(rows: Sequence[RunRow], metrics: Sequence[str] = ()) -> tuple[list[str], list[list[Any]]]:
    """Return the header and the lines of a spreadsheet of runs.

    Args:
        rows: of the runs, in their order.
        metrics: names of metrics; all that a run has if there are none.

    Returns:
        What a run is, its metrics, its tags and note, and its overrides as one text.
    """
    columns = [*metrics] or sorted({name for row in rows for name in row.metrics})
    fields = ("run", "path", "status", "reason", "created", "started", "ended", "duration")
    lines = [
        [values[name] for name in fields]
        + [row.metric(name) for name in columns]
        + [" ".join(values["tags"]), values["note"], " ".join(row.overrides)]
        for row, values in ((row, row.to_json()) for row in rows)
    ]
    return [*fields, *columns, "tags", "note", "overrides"], lines


def _setting(key: str, values: Sequence[str | None]) -> _Filled:
    numeric = all(map(_is_number, filter(None, values)))
    return Column(key, str, numeric=numeric, wraps=not numeric), values


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def shared_overrides(rows: Sequence[RunRow]) -> list[str]:
    """Return the overrides that all of several runs have."""
    typed = [latest_overrides(row.overrides) for row in rows if row.broken is None]
    common = set(typed[0]).intersection(*typed[1:]) if len(typed) > 1 else set()
    return [text for text in typed[0] if text in common] if common else []


def latest_overrides(overrides: Iterable[str]) -> list[str]:
    """Return the last override of each key, without those that only name the place."""
    by_key = {text.partition("=")[0]: text for text in overrides}
    return [text for key, text in by_key.items() if key not in PLACE]


def _table(columns: Sequence[_Filled], above: Sequence[str]) -> Table:
    values = [list(row) for row in zip(*(cells for _, cells in columns), strict=True)]
    return Table([column for column, _ in columns], values, above)


def _heads(rows: Sequence[RunRow]) -> list[_Filled]:
    """Return names and states; names alone if all runs are of one work_dir."""
    one = len(_places(rows)) <= 1
    names = [row.name if one else str(row.path) for row in rows]
    return [(Column("run", str), names), (Column("status", str), [row.state for row in rows])]


def _above(rows: Sequence[RunRow], *sentences: str) -> list[str]:
    return [sentence for sentence in sentences if sentence]


def _places(rows: Sequence[RunRow]) -> set[Path]:
    return {row.path.parent for row in rows}


def _measured(name: str, rows: Sequence[RunRow]) -> _Filled:
    """Return a column of a metric, whose title says whether its values are the best or the last."""
    there = [row for row in rows if row.metric(name) is not None and name not in row.test]
    kinds = {name in row.best for row in there}
    word = "" if len(kinds) != 1 else "best " if kinds.pop() else "last "
    return numbers(word + name), [row.metric(name) for row in rows]


def _tags(rows: Sequence[RunRow]) -> list[_Filled]:
    """Return a column of tags, where a run has some."""
    tags = [shown_tags(row.path) or None for row in rows]
    return [(_TAGS, tags)] if any(tags) else []


def _sweeps(rows: Sequence[RunRow]) -> list[_Filled]:
    """Return a column of sweeps and trials, "grid/3", where a run is of one."""
    found = [None if row.sweep is None else f"{row.sweep}/{row.trial}" for row in rows]
    return [(Column("sweep", str), found)] if any(found) else []


def _monitored(rows: Sequence[RunRow]) -> list[_Filled]:
    """Return the best values: of one metric, or of each run's own with its name."""
    monitors = sorted({row.monitor for row in rows if row.monitor is not None})
    if len(monitors) < 2:
        return [_measured(name, rows) for name in monitors]
    found = [(row.monitor, row.metric(row.monitor)) if row.monitor else None for row in rows]
    return [(Column("best", lambda pair: f"{pair[0]} {number(pair[1])}"), found)]


def _rest(row: RunRow, shared: Sequence[str]) -> str:
    """Return the overrides that are a run's own, and why it is as it is."""
    own = [text for text in latest_overrides(row.overrides) if text not in shared]
    reason = f"({row.reason})" if row.reason and row.state in REASON_SHOWN else ""
    return "  ".join(word for word in (_origin(row), " ".join(own), reason) if word)


def _origin(row: RunRow) -> str:
    """Return from where a run comes: "fork of 3", "W&B: calm-tree"."""
    lineage = read_lineage(RunPaths(row.path).provenance)
    if source := words_of(lineage.get("imported")):
        return source
    parent = lineage.get("parent")
    if not isinstance(parent, Mapping) or not parent.get("run"):
        return ""
    path = Path(str(parent["run"]))
    near = path.parent.resolve() == row.path.parent.resolve()
    return f"{parent.get('relation')} of {path.name if near else path}"


def _under_way(rows: Sequence[RunRow]) -> list[_Filled]:
    """Return how far the trainings under way are, and what to type for runs that wait."""
    found = [_progress(row) for row in rows]
    return [(Column("progress", str), found)] if any(found) else []


def _progress(row: RunRow) -> str | None:
    if row.state == "waiting":
        return f"type: {next_command(row.state, str(row.path))}"
    return row.progress.brief if row.state == "running" and row.progress else None


def _chosen(field: "Field", values: Sequence[Any], rows: Sequence[RunRow]) -> _Filled:
    if field.source == "metric":
        if field.aspect or field.key.startswith("test/"):
            return numbers(field.title), values
        return _measured(field.key, rows)[0], values
    if field.kind == "time":
        return Column(field.title, moment), values
    if (field.source, field.key) == ("field", "tag"):
        return _TAGS, values
    if field.kind == "span":
        return Column(field.title, duration, numeric=True), values
    numeric = all(type(value) in (int, float) for value in values if value is not None)
    return Column(field.title, numeric=numeric, long=not numeric), values
