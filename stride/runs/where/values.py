"""The values that a query compares with: numbers, texts, times, lists."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from stride.durations import seconds_of
from stride.runs.where.tokens import Token

WORDS: Mapping[str, Any] = {"true": True, "false": False, "null": None, "none": None}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|nan)", re.ASCII)


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
    number = bool(_NUMBER.fullmatch(token.text)) or seconds_of(token.text) is not None
    return token.kind == "word" and number and token.text not in ("inf", "nan")


def moment(text: str, now: float) -> float | None:
    """Return a time in Unix seconds: `-7d` before now, or a date in local time; else None."""
    seconds = seconds_of(text)
    if seconds is not None:
        return now + seconds if text.startswith("-") else None
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None
