"""Decide whether a run is what a query asks for."""

import math
import operator
import time
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from stride.durations import seconds_of
from stride.errors import UserError, nearest
from stride.runs.where.names import WORDS, Field, Names
from stride.runs.where.parse import ORDERS, And, Condition, Name, Not, Query, parse
from stride.runs.where.tokens import refuse
from stride.runs.where.values import Literal, moment

ValueOf = Callable[[Field], Any]
Test = Callable[[ValueOf], bool]

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_EQUAL = ("==", "!=", ":")
_EXPECTED = {
    "time": "a time: -7d, -2h, 2026-11-29 or 2026-11-29T12:00",
    "span": "a span of time: 90s, 30m, 1.5h, 2d",
    "number": "a number",
}


def where(query: str, names: Names, *, now: float | None = None) -> Test:
    """Return what tells of a run, by what gives the value of a field, whether a query holds.

    An absent value, given as None, is equal to null alone, and neither smaller nor larger than
    anything; `!=` and `!~` say that `==` and `~` do not hold.

    Args:
        query: as `stride.runs.where.parse` describes it.
        names: of the fields, keys and metrics.
        now: Unix seconds, from which `-7d` counts.

    Raises:
        QueryError: says what is wrong, and at which character.
    """
    return _Binder(query, names, time.time() if now is None else now).test(parse(query))


class _Binder:
    """Turn a parsed query into a test."""

    def __init__(self, query: str, names: Names, now: float) -> None:
        self._query, self._names, self._now = query, names, now

    def test(self, query: Query) -> Test:
        if isinstance(query, Condition):
            return self._condition(query)
        if isinstance(query, Not):
            inner = self.test(query.part)
            return lambda value_of: not inner(value_of)
        tests = [self.test(part) for part in query.parts]
        decide = all if isinstance(query, And) else any
        return lambda value_of: decide(test(value_of) for test in tests)

    def _condition(self, condition: Condition) -> Test:
        field = self._field(condition.name)
        if condition.value is None:
            return lambda value_of: _is_there(value_of(field))
        sign, wanted = condition.sign, self._wanted(field, condition.sign, condition.value)
        if sign in _COMPARE:
            compare = _COMPARE[sign]
            return lambda value_of: _is_ordered(value_of(field), wanted, compare)
        holds = _matches if sign in ("~", "!~") else _equals
        if sign.startswith("!"):
            return lambda value_of: not holds(value_of(field), wanted)
        return lambda value_of: holds(value_of(field), wanted)

    def _field(self, name: Name) -> Field:
        try:
            return self._names.find(name.text, name.aspect)
        except UserError as error:
            refuse(self._query, name.place, error.what, error.hint)

    def _wanted(self, field: Field, sign: str, literal: Literal) -> Literal:
        """Return the value that is compared with, of the field's kind."""
        if sign in ORDERS and (literal.value is None or isinstance(literal.value, list)):
            what = f"{literal.text or 'a list'} is neither smaller nor larger than anything"
            refuse(self._query, literal.place, what)
        if sign in _EQUAL and field.source == "field" and field.key in WORDS:
            self._require_word(field.key, literal)
        if field.kind not in _EXPECTED or literal.value is None:
            return literal
        if sign in ("~", "!~"):
            refuse(self._query, literal.place, f"{sign} compares texts, and {field.key} is none")
        value = self._converted(field.kind, literal)
        if value is None:
            what = f"{field.key} is compared with {_EXPECTED[field.kind]}"
            refuse(self._query, literal.place, what)
        return literal._replace(value=value)

    def _require_word(self, key: str, literal: Literal) -> None:
        """Refuse a word that no run can have there: what is mistyped would choose none, or all."""
        words = WORDS[key]
        for one in literal.value if isinstance(literal.value, list) else [literal]:
            if one.value is not None and one.text not in words:
                hint = nearest(one.text, words) or f"there are {', '.join(words)}"
                refuse(self._query, one.place, f"no {key} is called {one.text!r}", hint)

    def _converted(self, kind: str, literal: Literal) -> float | None:
        is_number = isinstance(literal.value, int | float) and not isinstance(literal.value, bool)
        if kind == "time":
            return moment(literal.text, self._now)
        if kind == "span" and not is_number:
            return seconds_of(literal.text)
        return float(literal.value) if is_number else None


def _is_there(value: Any) -> bool:
    """Tell whether a value is recorded, and says anything."""
    return value is not None and value is not False and value != "" and value != []


def _equals(value: Any, wanted: Literal) -> bool:
    """Compare a recorded value with one of a query; of several texts one has to be equal."""
    if isinstance(wanted.value, list):
        return (
            isinstance(value, list)
            and len(value) == len(wanted.value)
            and _all_equal(value, wanted)
        )
    if isinstance(value, list):
        return any(_equals(one, wanted) for one in value)
    if isinstance(value, str):
        return value == wanted.text and wanted.value is not None
    if value is None or isinstance(value, bool) or isinstance(wanted.value, bool | None):
        return value is wanted.value
    if isinstance(value, float) and math.isnan(value):
        return isinstance(wanted.value, float) and math.isnan(wanted.value)
    return not isinstance(wanted.value, str) and bool(value == wanted.value)


def _all_equal(values: list[Any], wanted: Literal) -> bool:
    return all(_equals(value, one) for value, one in zip(values, wanted.value, strict=True))


def _matches(value: Any, wanted: Literal) -> bool:
    """Tell whether a text has the other in it, or fits its `*` and `?`; in any case of letters."""
    if isinstance(value, list):
        return any(_matches(one, wanted) for one in value)
    if not isinstance(value, str):
        return False
    text, pattern = value.lower(), wanted.text.lower()
    if not set("*?") & set(pattern):
        return pattern in text
    return fnmatchcase(text, pattern.replace("[", "[[]"))  # which is a character like any other


def _is_ordered(value: Any, wanted: Literal, compare: Callable[[Any, Any], bool]) -> bool:
    """Compare by size: numbers with numbers, texts with texts, numbers of runs as numbers."""
    by_number = isinstance(wanted.value, int | float) and not isinstance(wanted.value, bool)
    if isinstance(value, str):
        number = by_number and value.isdecimal()
        return compare(int(value), wanted.value) if number else compare(value, wanted.text)
    return by_number and not isinstance(value, bool | None | list) and compare(value, wanted.value)
