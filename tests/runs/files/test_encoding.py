import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stride.config.nonfinite import decode_number, encode_number
from stride.runs.files.encoding import DEEPEST, is_count, json_bytes, load_json


def refuse_constants(word: str) -> Any:
    raise AssertionError(f"{word} is not JSON")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
@example({"a": [math.nan, {"b": -math.inf}]})
@example({"a\n": "b\r\n\u2028\x85"})
@example("\ud800")  # half of a pair, as a name that is no UTF-8 has it
@example(2**64)
def test_whatever_is_encoded_is_strict_json(value: Any) -> None:
    text = json_bytes(value)
    json.loads(text, parse_constant=refuse_constants)
    assert text.endswith(b"\n") and text.count(b"\n") == 1


@given(st.floats())
@example(math.nan)
@example(-math.inf)
@example(-0.0)
@example(5e-324)
@example(1e16)
def test_numbers_come_back(value: float) -> None:
    back = decode_number(json.loads(json_bytes(encode_number(value))))
    assert (back, math.copysign(1, back)) == (value, math.copysign(1, value)) or (
        math.isnan(back) and math.isnan(value)
    )


def test_non_finite_numbers_are_texts_at_any_depth() -> None:
    value = {"a": [math.nan, (math.inf,)], "b": {"c": -math.inf, "d": True}}
    expected = {"a": ["NaN", ["Infinity"]], "b": {"c": "-Infinity", "d": True}}
    assert json.loads(json_bytes(value)) == expected


def test_other_texts_are_no_numbers() -> None:
    assert [decode_number(text) for text in ("nan", "inf", "", "1")] == ["nan", "inf", "", "1"]
    assert decode_number(None) is None


def test_an_argument_that_is_no_utf8_survives() -> None:
    argument = b"caf\xe9".decode("utf-8", "surrogateescape")
    assert json.loads(json_bytes([argument, "ü"])) == [argument, "ü"]


def test_an_object_that_json_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError):
        json_bytes({"a": object()})


def test_json_is_read_as_deep_as_readers_go() -> None:
    def nested(depth: int) -> bytes:
        return b'{"x":' * (depth - 1) + b"[]" + b"}" * (depth - 1)

    assert load_json(nested(DEEPEST))
    assert load_json(b"[" + b"[1]," * 3 * DEEPEST + b"1]")  # wide is not deep
    for depth in (DEEPEST + 2, 900, 100_000):
        with pytest.raises(ValueError, match="deep"):
            load_json(nested(depth))


def test_a_number_that_no_float_holds_is_refused() -> None:
    large = b"1" * 309
    assert load_json(b'{"x": %d, "y": "%s"}' % (10**308, large)) == {
        "x": 10**308,
        "y": large.decode(),  # text may be as long as it likes
    }
    for number in (b"9" * 309, b"-" + b"1" * 400, b"[[" + b"1" * 400 + b"]]", b"1" * 5000):
        with pytest.raises(ValueError, match="digits"):
            load_json(b'{"x": %s}' % number)


@pytest.mark.parametrize("value", [True, -1, 1.0, "1", None, [1]])
def test_a_count_is_a_whole_number(value: Any) -> None:
    assert is_count(0) and is_count(7) and not is_count(value)
