"""`stride diff`."""

from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from math import isfinite
from typing import TYPE_CHECKING, Any

from stride.tables.table import Column, Table
from stride.tables.words import number, numbers_apart, setting
from stride_cli.address import find
from stride_cli.output import Form, print_json, print_table, tell
from stride_cli.reading.broken_records import broken_records_as_errors

if TYPE_CHECKING:
    from stride.runs.run import Run

Values = dict[str, list[Any]]

FEW = 10
"""Differences of each kind that a program is told unless it asks for all."""


def run(text: str, other: str, *, form: Form, whole: bool = False) -> None:
    """Show what differs between two runs: what they were made from, and what they reached."""
    from stride.runs.compare import ABSENT, diff
    from stride.runs.run import Run

    sides = [Run(find(text)), Run(find(other))]
    with broken_records_as_errors(text, other):
        found = diff(sides[0], sides[1])
        made, reached = found.config | _surroundings(sides), found.metrics
    if form is Form.JSON:
        paths = [str(side.path) for side in sides]
        monitors = {side.row().monitor for side in sides}
        ordered = sorted(reached, key=lambda name: name.partition(".")[2] not in monitors)
        print_json({"runs": paths} | _record(made, {key: reached[key] for key in ordered}, whole))
    elif made or reached:
        shown = _mapped(made, lambda value: None if value is ABSENT else setting(value))
        lines = [[key, *values, None] for key, values in shown.items()]
        lines += [[key, *_reached(*values)] for key, values in reached.items()]
        columns = [
            Column("key", str),
            Column(text, str, wraps=True),
            Column(other, str, wraps=True),
        ]
        print_table(Table([*columns, Column("change", str)], lines), form)
    else:
        tell("nothing differs: config, code, data and metrics are equal")


def _record(made: Values, reached: Values, whole: bool) -> dict[str, Any]:
    """Return the differences, of many the first ones, and how many more there are."""
    from stride.runs.compare import ABSENT

    found = {"config": made, "metrics": reached}
    told = found if whole else {name: dict(islice(one.items(), FEW)) for name, one in found.items()}
    left = {name: len(one) - len(told[name]) for name, one in found.items()}
    plain = {
        name: _mapped(one, lambda value: None if value is ABSENT else value)
        for name, one in told.items()
    }
    changes = {key: _change(*values) for key, values in told["metrics"].items()}
    left_out = {name: number for name, number in left.items() if number}
    return {**plain, "changes": changes, "left_out": left_out}


def _surroundings(sides: list["Run"]) -> Values:
    """Return the commit of the code and the fingerprint of the data, where they differ."""
    origins = [side.provenance for side in sides]
    facts = {
        "code.commit": [(origin.get("git") or {}).get("commit") for origin in origins],
        "data.fingerprint": [origin.get("data_fingerprint") or None for origin in origins],
    }
    return {key: values for key, values in facts.items() if values[0] != values[1]}


def _reached(one: Any, other: Any) -> list[str | None]:
    """Return two values of a metric, with as many digits as tell them apart, and the change."""
    from stride.runs.compare import ABSENT

    change = _change(one, other)
    if change is not None:
        share = f" ({change / abs(one):+.2%})" if one and isfinite(change) else ""
        return [*numbers_apart(one, other), f"{change:+.4g}{share}"]
    return [*(None if value is ABSENT else number(value) for value in (one, other)), None]


def _change(one: Any, other: Any) -> float | None:
    """Return by how much a number is larger, None where one is missing."""
    both = isinstance(one, int | float) and isinstance(other, int | float)
    with suppress(OverflowError):  # of a whole number beyond all floats
        return float(other - one) if both else None
    return None


def _mapped(table: Values, words: Callable[[Any], Any]) -> Values:
    return {key: [words(value) for value in values] for key, values in table.items()}
