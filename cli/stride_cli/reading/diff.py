"""`stride diff`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stride_cli.address import find
from stride_cli.formatting import number, numbers_apart, setting
from stride_cli.output import print_json, print_table, tell
from stride_cli.reading.broken_records import broken_records_as_errors

if TYPE_CHECKING:
    from stride.runs.run import Run

Values = dict[str, list[Any]]


def run(text: str, other: str, *, json: bool) -> None:
    """Show what differs between two runs: what they were made from, and what they reached."""
    from stride.runs.compare import ABSENT, diff
    from stride.runs.run import Run

    sides = [Run(find(text)), Run(find(other))]
    with broken_records_as_errors(text, other):
        found = diff(sides[0], sides[1])
        made, reached = found.config | _surroundings(sides), found.metrics
    if json:
        print_json(
            {
                "runs": [str(side.path) for side in sides],
                "config": _mapped(made, lambda value: None if value is ABSENT else value),
                "metrics": _mapped(reached, lambda value: None if value is ABSENT else value),
            }
        )
    elif made or reached:
        shown = _mapped(made, lambda value: "-" if value is ABSENT else setting(value))
        shown |= {key: _reached(*values) for key, values in reached.items()}
        print_table(["key", text, other], [[key, *values] for key, values in shown.items()])
    else:
        tell("nothing differs: config, code, data and metrics are equal")


def _surroundings(sides: list["Run"]) -> Values:
    """Return the commit of the code and the fingerprint of the data, where they differ."""
    origins = [side.provenance for side in sides]
    facts = {
        "code.commit": [(origin.get("git") or {}).get("commit") for origin in origins],
        "data.fingerprint": [origin.get("data_fingerprint") or None for origin in origins],
    }
    return {key: values for key, values in facts.items() if values[0] != values[1]}


def _reached(one: Any, other: Any) -> list[str]:
    """Return two values of a metric, with as many digits as tell them apart."""
    from stride.runs.compare import ABSENT

    if isinstance(one, int | float) and isinstance(other, int | float):
        return [*numbers_apart(one, other)]
    return ["-" if value is ABSENT else number(value) for value in (one, other)]


def _mapped(table: Values, words: Callable[[Any], Any]) -> Values:
    return {key: [words(value) for value in values] for key, values in table.items()}
