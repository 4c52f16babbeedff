"""Print chosen columns of chosen runs: `stride ls --where --sort --columns`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stride_cli.formatting import duration, moment, number, setting
from stride_cli.output import print_csv, print_json, print_table

if TYPE_CHECKING:
    from stride.runs.listing.facts import Facts
    from stride.runs.where.names import Field


def print_columns(
    facts: Sequence["Facts"], fields: Sequence["Field"], *, json: bool, csv: bool
) -> None:
    """Print a run a line: its name, its status, and the columns."""
    titles = [_title(field, facts) for field in fields]
    values = [[one.value(field) for field in fields] for one in facts]
    if json:
        pairs = zip(facts, values, strict=True)
        print_json(
            [_start(one) | {"columns": dict(zip(titles, v, strict=True))} for one, v in pairs]
        )
        return
    if csv:
        lines = [[*_start(one).values(), *v] for one, v in zip(facts, values, strict=True)]
        print_csv(["run", "path", "status", *titles], lines)
        return
    cells = [
        [one.row.name, one.row.state, *map(_cell, fields, v)]
        for one, v in zip(facts, values, strict=True)
    ]
    right = [at for at, field in enumerate(fields, start=2) if _is_number(field, values, at - 2)]
    print_table(["run", "status", *titles], cells, right=right)


def _title(field: "Field", facts: Sequence["Facts"]) -> str:
    """Return the name of a column; of a metric of several values with which one it is."""
    if field.source != "metric" or field.aspect or field.key.startswith("test/"):
        return field.title
    measured = [one.row for one in facts if one.value(field) is not None]
    best = [field.key in row.best for row in measured]
    return f"best {field.key}" if all(best) else f"last {field.key}" if not any(best) else field.key


def _start(facts: "Facts") -> dict[str, Any]:
    row = facts.row
    return {"run": row.name, "path": str(row.path), "status": row.state}


def _cell(field: "Field", value: Any) -> str:
    if value is None:
        return "-"
    if field.kind == "time":
        return moment(value)
    if field.kind == "span":
        return duration(value)
    return number(value) if field.kind == "number" else setting(value)


def _is_number(field: "Field", values: Sequence[Sequence[Any]], at: int) -> bool:
    found = [row[at] for row in values if row[at] is not None]
    return field.kind != "time" and all(type(value) in (int, float) for value in found)
