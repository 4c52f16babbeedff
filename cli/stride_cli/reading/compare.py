"""`stride compare`."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stride.tables.words import setting
from stride_cli.address import select
from stride_cli.output import Form, print_csv, print_json, print_table, tell
from stride_cli.reading.broken_records import broken_records_as_errors
from stride_cli.reading.ls import canonical_metrics

if TYPE_CHECKING:
    from stride.runs.listing.facts import Facts
    from stride.runs.listing.rows.row import RunRow

Config = Mapping[str, list[Any]]
Converted = Callable[[Any], Any]


def run(runs: Sequence[str], metrics: Sequence[str], *, where: str | None, form: Form) -> None:
    """Put runs side by side: their metrics, and the config in which they differ."""
    from stride.runs.compare import differing_settings
    from stride.runs.listing.facts import with_all_metrics

    with select(runs, where) as selection:
        facts = list(selection.facts())
        rows = [with_all_metrics(_checked(one)) for one in facts]
        with broken_records_as_errors(*runs):
            config = differing_settings([_settings(one) for one in facts])
    if not rows:
        tell(f"no runs in {' '.join(runs)}" + ("" if where is None else f" where {where}"))
    names = canonical_metrics(metrics, rows) if metrics else _monitored(rows)
    if form is Form.JSON:
        print_json(_records(rows, names, config))
    elif form is Form.CSV:
        print_csv(*_sheet(rows, names, config))
    elif rows:
        _print(rows, names, config, form)


def _settings(facts: "Facts") -> Mapping[str, Any] | None:
    return None if facts.row.broken or facts.config_error is not None else facts.config


def _checked(facts: "Facts") -> "RunRow":
    """Return the row, a broken one where the run's config cannot be read."""
    from stride.runs.status import BROKEN

    why = facts.row.broken or facts.config_error
    return facts.row._replace(state=BROKEN, reason=why, broken=why) if why else facts.row


def _print(rows: Sequence["RunRow"], names: Sequence[str], config: Config, form: Form) -> None:
    from stride.runs.listing.tables import side_by_side

    print_table(side_by_side(rows, names, _shown(config, setting)), form)


def _records(
    rows: Sequence["RunRow"], names: Sequence[str], config: Config
) -> list[dict[str, Any]]:
    from stride.runs.compare import ABSENT

    return [
        {
            "run": row.name,
            "path": str(row.path),
            "status": row.state,
            "reason": row.reason,
            "metrics": {name: row.metric(name) for name in names},
            "config": {key: of[n] for key, of in config.items() if of[n] is not ABSENT},
        }
        for n, row in enumerate(rows)
    ]


def _sheet(
    rows: Sequence["RunRow"], names: Sequence[str], config: Config
) -> tuple[list[str], list[list[Any]]]:

    columns = _shown(config, setting).values()
    lines = [
        [row.name, str(row.path), row.state]
        + [row.metric(name) for name in names]
        + [column[n] for column in columns]
        + [row.reason]
        for n, row in enumerate(rows)
    ]
    return ["run", "path", "status", *names, *config, "reason"], lines


def _shown(config: Config, words: Converted) -> dict[str, list[Any]]:
    """Return each value as words, None where a run has none."""
    from stride.runs.compare import ABSENT

    return {
        key: [None if value is ABSENT else words(value) for value in values]
        for key, values in config.items()
    }


def _monitored(rows: Sequence["RunRow"]) -> list[str]:
    return list(dict.fromkeys(row.monitor for row in rows if row.monitor is not None))
