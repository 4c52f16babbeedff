"""Write the lists of keys in docs/config.md, from the schema and the built-in constructors.

python docs/generate.py           writes the page
python docs/generate.py --check   leaves with 1 where the page is out of date
"""

import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from stride.components import find
from stride.components.signature import parameters
from stride.config.json_kinds import describe, kinds
from stride.config.names.built_in import BUILT_IN
from stride.config.schema import Config

PAGE = Path(__file__).with_name("config.md")
BEGIN, END = "<!-- begin generated: python docs/generate.py -->", "<!-- end generated -->"

_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true, false",
    "object": "table",
    "null": "null",
}
_BOUNDS = {
    "minimum": "≥",
    "ge": "≥",
    "exclusiveMinimum": ">",
    "gt": ">",
    "maximum": "≤",
    "le": "≤",
    "exclusiveMaximum": "<",
    "lt": "<",
}
_HUGE = 2**53
GIVEN = ("split", "network", "spaces", "extra")
"""Arguments that STRIDE gives itself."""

_ARGUMENT = re.compile(r"^    (\w+): (.*(?:\n {6,}.*)*)", re.MULTILINE)


def page(text: str) -> str:
    """Return the page with the part between the two marks made anew."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    lines = "\n".join(_keys())
    return f"{head}{BEGIN}\n\n{lines}\n{END}{tail}"


def _keys() -> Iterator[str]:
    schema = Config.model_json_schema()
    roots = {name: one for name, one in schema["properties"].items() if not _section(one)}
    yield "### Top level\n"
    yield from _table(_field(name, one, schema["required"]) for name, one in roots.items())
    for name, one in schema["properties"].items():
        if section := _section(one):
            model = schema["$defs"][section]
            yield f"### `{name}`\n"
            yield f"{model['description'].splitlines()[0]}\n"
            yield from _table(_field(key, value) for key, value in model["properties"].items())
            yield from _constructors(name)


def _section(field: Mapping[str, Any]) -> str:
    """Return the name of the model that a field of the root refers to, or the empty text."""
    return str(field.get("$ref", "")).rpartition("/")[2]


def _field(name: str, field: Mapping[str, Any], required: list[str] | None = None) -> list[str]:
    default = "required" if name in (required or ()) else f"`{json.dumps(field.get('default'))}`"
    return [f"`{name}`", _type(field), default, str(field["description"])]


def _type(field: Mapping[str, Any]) -> str:
    if _section(field):
        return "table"
    if "anyOf" in field:
        return ", ".join(_type(one) for one in field["anyOf"])
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if field.get("type") == "array":
        return f"list of {_type(field['items'])}"
    bounds = [f"{sign} {field[key]}" for key, sign in _BOUNDS.items() if _small(field.get(key))]
    return " ".join([_WORDS[field["type"]], *bounds])


def _small(bound: float | None) -> bool:
    """Tell whether a bound is worth saying: there is one, and not what fits into 64 bits."""
    return bound is not None and bound < _HUGE


def _constructors(section: str) -> Iterator[str]:
    """Yield what the built-in constructors take that a section chooses from."""
    kind = "algorithm" if section == "rl_config" else section.removesuffix("_kwargs")
    for name, path in BUILT_IN.get(kind, {}).items():
        constructor = find(kind, path)
        summary = (inspect.getdoc(constructor) or "").splitlines()[0]
        yield f"**`{name}`**: {_escaped(summary)}\n"
        rows = list(_arguments(constructor))
        yield from _table(iter(rows)) if rows else ()


def _arguments(constructor: Callable[..., Any]) -> Iterator[list[str]]:
    sources = reversed(getattr(constructor, "__mro__", (constructor,)))  # bases tell of theirs
    told = dict(pair for one in sources for pair in _ARGUMENT.findall(inspect.getdoc(one) or ""))
    taken = parameters(constructor).named.items()
    for name, one in ((name, one) for name, one in taken if name not in GIVEN):
        default = one.default
        shown = list(default) if isinstance(default, tuple) else default
        required = "by the data" if name.endswith("_shape") else "required"
        value = required if default is one.empty else f"`{json.dumps(shown)}`"
        meaning = re.sub(r"\bNone\b", "null", " ".join(told.get(name, "").split())).rstrip(".")
        yield [f"`{name}`", _annotated(one.annotation), value, meaning]


def _annotated(annotation: Any) -> str:
    options = [one for part in (annotation, *get_args(annotation)) for one in _literals(part)]
    if not options:
        return re.sub(r"\ba ", "", describe(kinds(annotation)).replace(" or ", ", "))
    null = ", null" if "null" in kinds(annotation) else ""
    return ", ".join(f"`{option}`" for option in options) + null


def _literals(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _table(rows: Iterator[list[str]]) -> Iterator[str]:
    yield "| Key | Type | Default | Meaning |"
    yield "|---|---|---|---|"
    for row in rows:
        yield f"| {' | '.join(map(_escaped, row))} |"
    yield ""


def _escaped(text: str) -> str:
    return re.sub(r"([|*])", r"\\\1", text)


def main(check: bool) -> int:
    """Write the page, or say whether it is out of date."""
    now = PAGE.read_text()
    new = page(now)
    if check and new != now:
        print("docs/config.md is out of date; type: python docs/generate.py", file=sys.stderr)
        return 1
    if not check:
        PAGE.write_text(new)
    return 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
