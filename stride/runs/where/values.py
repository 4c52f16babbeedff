"""The values that a query compares with: numbers, texts, times, lists."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from stride.runs.where.tokens import Token

WORDS: Mapping[str, Any] = {"true": True, "false": False, "null": None, "none": None}
SECONDS: Mapping[str, float] = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|nan)", re.ASCII)
_SPAN = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))([smhdw])", re.ASCII)


class Literal(NamedTuple):
    """A value as it stands in a query.

    Attributes:
        text: as typed, without quotes.
        value: a number, True, False, None, a text, or a list of literals.
        place: in the query.
    """

    text: str
    value: Any
    place: int = 0

    @classmethod
    def of(cls, token: Token) -> "Literal":
        """Return the value of a token; what is quoted is a text."""
        if token.kind == "text":
            return cls(token.text, token.text, token.place)
        word = token.text.lower()
        if word in WORDS:
            return cls(token.text, WORDS[word], token.place)
        return cls(token.text, _number(token.text), token.place)


def _number(text: str) -> int | float | str:
    """Return the number that a text writes, else the text."""
    if not _NUMBER.fullmatch(text):
        return text
    return float(text) if set(".eEn") & set(text) else int(text)


def is_plainly_a_value(token: Token) -> bool:
    """Tell whether a token can be no name: a number or a span of time."""
    number = _NUMBER.fullmatch(token.text) or _SPAN.fullmatch(token.text)
    return token.kind == "word" and number is not None and token.text not in ("inf", "nan")


def span(text: str) -> float | None:
    """Return the seconds of `90s`, `1.5h`, `-7d`; None for any other text."""
    found = _SPAN.fullmatch(text)
    return None if found is None else float(found[1]) * SECONDS[found[2]]


def moment(text: str, now: float) -> float | None:
    """Return a time in Unix seconds: `-7d` before now, or a date in local time; else None."""
    seconds = span(text)
    if seconds is not None:
        return now + seconds if text.startswith("-") else None
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None
