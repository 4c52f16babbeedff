"""The values of a query: numbers, words, spans and times."""

import math
from datetime import datetime

import pytest

from stride.runs.where.tokens import Token
from stride.runs.where.values import Literal, is_plainly_a_value, moment


def word(text):
    return Literal.of(Token("word", text, 0)).value


def test_words_are_numbers_where_they_write_one():
    assert [word(text) for text in ("3", "-4", "1e-2", ".5", "+2.", "007")] == [
        *(3, -4, 0.01, 0.5, 2.0, 7)
    ]
    assert type(word("3")) is int and type(word("3.0")) is float
    assert word("inf") == math.inf and math.isnan(word("nan"))
    assert [word(text) for text in ("true", "False", "null", "None")] == [True, False, None, None]
    assert [word(text) for text in ("1_000", "0x10", "e3", "٣", "infinity")] == [
        *("1_000", "0x10", "e3", "٣", "infinity")
    ]


def test_what_is_quoted_is_a_text():
    assert Literal.of(Token("text", "3", 7)) == Literal("3", "3", 7)
    assert Literal.of(Token("text", "true", 0)).value == "true"


def test_a_moment_is_before_now_or_a_date():
    assert moment("-1h30m", 10_000.0) == 4600.0
    assert moment("-2h", 10_000.0) == 2800.0 and moment("2h", 10_000.0) is None
    assert moment("2026-11-29", 0.0) == datetime(2026, 11, 29).timestamp()
    assert moment("2026-11-29T12:30", 0.0) == datetime(2026, 11, 29, 12, 30).timestamp()
    assert moment("soon", 0.0) is None


@pytest.mark.parametrize(
    ("text", "is_value"), [("3", True), ("-7d", True), ("lr", False), ("inf", False)]
)
def test_a_number_is_no_name(text, is_value):
    assert is_plainly_a_value(Token("word", text, 0)) == is_value
    assert not is_plainly_a_value(Token("text", text, 0))
