"""Say in tables and sentences what a reconstruction run came to, and what it was made from."""

from collections.abc import Iterator, Mapping
from typing import Any

from stride.benchmark.overview.recorded import Recorded
from stride.config.layers import nearest_origin
from stride.config.nonfinite import decode_numbers
from stride.config.values import flatten
from stride.runs.records.reconstruction import DetectionRecord
from stride.tables.table import Column, Table, numbers
from stride.tables.words import number, setting

_QUANTILES = {"0": "smallest", "0.5": "median", "0.95": "95 %", "1": "largest"}
_PLACE = ("work_dir", "run")
_OUTPUTS = {
    "zero": "the outputs are 0: the errors are the mean magnitudes of the inputs",
    "constant": "the outputs are one number: the network has learnt nothing of its inputs",
}
_UNITS = {"snippets": "snippets", "pooled points": "points", "series": "points of series"}


def errors_table(recorded: Recorded) -> Table:
    """Return how each error of the final model is distributed over the samples of each split."""
    columns = [Column("split", str), Column("error", str), Column("samples", str, numeric=True)]
    columns += [numbers(title) for title in ("mean", "deviation", *_QUANTILES.values())]
    rows: list[list[Any]] = [
        [split, name, f"{one.samples:,}", found.mean, found.deviation]
        + [found.quantiles.get(share) for share in _QUANTILES]
        for split, one in recorded.splits.items()
        for name, found in one.errors.items()
    ]
    return Table(columns, rows, names=2)


def detection_tables(recorded: Recorded) -> Iterator[tuple[str, Table]]:
    """Yield the measures of the score, and of what it has to beat, with the name of each table."""
    for split, one in recorded.splits.items():
        for found in one.detection:
            table = _detection(found)
            if table.rows:
                yield f"{split}, {_UNITS[found.of]}", table


def _detection(found: DetectionRecord) -> Table:
    """Return a row for each measure, and a column for each score."""
    measures = dict.fromkeys(name for values in found.values.values() for name in values)
    columns = [Column("measure", str), *(Column(row, str, numeric=True) for row in found.values)]
    rows = [
        [name, *(_cell(found, row, name) for row in found.values)]
        for name in measures
        if any(values.get(name) == values.get(name) for values in found.values.values())
    ]
    return Table(columns, rows, above=[*_notes(found)])


def _cell(found: DetectionRecord, row: str, name: str) -> str | None:
    """Return a measure, of a single series with its interval; None where it is not defined."""
    value = found.values[row].get(name)
    if value is None or value != value:
        return None
    interval = _measured(found, row, name).get("interval") if found.sets == 1 else None
    shown = "" if not interval else f" [{number(interval[0])}, {number(interval[1])}]"
    return number(value) + shown


def _measured(found: DetectionRecord, row: str, name: str) -> Mapping[str, Any]:
    """Return what the first set's scores say of a measure."""
    rows = found.scores[0].get("rows", {}) if found.scores else {}
    measured = rows.get(row, {}).get("measures", {}).get(name, {})
    return dict(decode_numbers(measured))


def _notes(found: DetectionRecord) -> Iterator[str]:
    """Yield what holds for a whole table, and why measures are missing in it."""
    if found.sets > 1:
        yield f"the mean over {found.sets} series, each measured by itself"
    for one in found.scores[:1]:
        unit = "snippets" if found.of == "snippets" else "points"
        yield f"{one.get('count')} {unit}, {one.get('anomalous')} anomalous"
        if volumes := one.get("volumes"):
            yield f"VUS: windows up to {volumes.get('size')} points ({volumes.get('source')})"
        thresholds = [row.get("threshold", {}) for row in one.get("rows", {}).values()]
        if any(not threshold.get("reason") for threshold in thresholds):
            yield f"thresholds: {one.get('rule')}, chosen on the validation split"
    reasons = (
        _measured(found, row, name).get("reason")
        for row in found.values
        for name in found.values[row]
    )
    yield from dict.fromkeys(str(reason) for reason in reasons if reason)


def cautions(recorded: Recorded) -> Iterator[str]:
    """Yield what a person has to know before any number of the run."""
    if recorded.record is None:
        yield f"the run is {recorded.state} and has no final model yet: this is how far it has come"
        return
    checks = recorded.record.checks
    if checks.output in _OUTPUTS:
        yield _OUTPUTS[checks.output]
    if checks.labels_moved_scores:
        yield "the scores moved when the labels of the test split were permuted: they look at them"


def settings_table(recorded: Recorded) -> Table:
    """Return what was set and from where; what is not there was left at its default."""
    origins = recorded.run.provenance.get("origins") or {}
    found = [
        (key, value, nearest_origin(origins, key))
        for key, value in flatten(recorded.run.raw_config)
    ]
    columns = [Column("key", str), Column("value", setting, long=True), Column("from", str)]
    rows = [[*one] for one in found if one[2] and one[0] not in _PLACE]
    return Table(columns, rows)


def head_line(recorded: Recorded) -> str:
    """Return model, data, seed, epochs, state and final model in one line."""
    config = recorded.run.raw_config
    model = (config.get("model_kwargs") or {}).get("model_name")
    data = (config.get("dataset_kwargs") or {}).get("dataset_name")
    what = f"{model} on {data}, seed {config.get('seed')}"
    epochs, steps = (int(recorded.epochs.columns[name][-1]) for name in ("epoch", "step"))
    record = recorded.record
    final = "" if record is None else f"; the final model is that of epoch {record.epoch}"
    return f"{what}; epoch {epochs}, step {steps:,}; {recorded.state}{final}"
