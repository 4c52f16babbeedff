"""Plain JSON out of Python values."""

import json
from dataclasses import dataclass
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from stride.config.values import Raw, flatten, join, parse_json, plain, show, without_key
from stride.errors import ConfigError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


class Speed(Enum):
    FAST = 1
    ODD = object()


@dataclass
class Point:
    x: int
    y: tuple[int, ...]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((1, (2, 3)), [1, [2, 3]]),
        ({3, 1, 2}, [1, 2, 3]),
        (Path("a/b"), "a/b"),
        (date(2018, 11, 25), "2018-11-25"),
        (Speed.FAST, 1),
        (Speed.ODD, "ODD"),
        (Point(1, (2,)), {"x": 1, "y": [2]}),
        (np.float64(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.array([0.5, np.inf]), [0.5, "Infinity"]),
        (float("-inf"), "-Infinity"),
        (float("nan"), "NaN"),
        (np.float32("inf"), "Infinity"),
        (torch.tensor(2), 2),
        (torch.tensor([0.1, torch.inf]), [np.float32(0.1).item(), "Infinity"]),
        (torch.tensor([[True, False]]), [[True, False]]),
        (nn.Parameter(torch.ones(1)), [1.0]),
        (torch.float16, "torch.float16"),
        (torch.device("cpu"), "cpu"),
        (np.dtype("float32"), "float32"),
    ],
)
def test_python_values_become_plain_json(value: Any, expected: Any) -> None:
    found = plain(value)
    assert found == expected
    assert type(found) is type(expected)


@given(JSON)
def test_plain_json_stays_as_it_is(value: Any) -> None:
    assert json.dumps(plain(value)) == json.dumps(value)


def test_raw_text_stays_raw_and_other_text_does_not() -> None:
    assert isinstance(plain({"a": Raw("1")})["a"], Raw)
    assert repr(Raw("1")) == "Raw('1')"
    assert type(plain(np.str_("x"))) is str


def test_containers_are_copied() -> None:
    given = {"a": [1]}
    plain(given)["a"].append(2)
    assert given == {"a": [1]}


@pytest.mark.parametrize(
    "value", [torch.zeros(2, device="meta"), torch.Tensor, print, object(), 1j]
)
def test_what_json_cannot_hold_is_refused_by_its_key(value: Any) -> None:
    with pytest.raises(ConfigError, match=r"^model_kwargs\.widths\.1 ") as caught:
        plain({"widths": [1, value]}, "model_kwargs")
    assert caught.value.key == "model_kwargs.widths.1"


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (join, "give its import path: stride.config.values:join"),
        (Path, "give its import path: pathlib:Path"),
        (lambda: 1, "define it at the top of a module, and give its import path"),
        (torch.ones(2).to_sparse(), "give a dense array or tensor, or a list"),
        (object(), "give the import path of what makes it"),
    ],
)
def test_what_to_give_instead_is_told(value: Any, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plain(value, "a.b")
    assert caught.value.hint == hint


def test_keys_that_are_numbers_become_text() -> None:
    keys = {7: 1, 0.5: 2, np.int64(4): 3, True: 4, float("inf"): 5, Speed.ODD: 6}
    assert list(plain(keys)) == ["7", "0.5", "4", "true", "Infinity", "ODD"]


def test_a_key_that_is_no_text_or_stands_there_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"a\.None: a key must be text, not None"):
        plain({"a": {None: 2}})
    with pytest.raises(ConfigError, match=r"a\.1: duplicate key '1'"):
        plain({"a": {1: 2, "1": 3}})


@pytest.mark.parametrize(
    "text", ["NaN", "Infinity", "1e999", '{"a": 1, "a": 2}', "[-1e999]", "yes"]
)
def test_only_strict_json_parses(text: str) -> None:
    with pytest.raises(ValueError):
        parse_json(text)


def test_show_is_json_and_short() -> None:
    assert show(True) == "true"
    assert show("ü") == '"ü"'
    assert len(show("x" * 1000)) == 60
    assert show(torch.float32) == '"torch.float32"'


def test_join_leaves_out_empty_parts() -> None:
    assert join("", "a", "b") == "a.b"


def test_a_whole_number_beyond_the_floats_is_refused() -> None:
    assert plain({"seed": 2**128, "x": -(10**308)}) == {"seed": 2**128, "x": -(10**308)}
    with pytest.raises(ConfigError, match=r"a\.b\.0 is too large"):
        plain({"a": {"b": [10**400]}})
    with pytest.raises(ValueError, match="too large"):
        parse_json("1" * 400)


def test_flatten_keeps_empty_tables_and_lists_as_leaves() -> None:
    nested = {"a": {"b": [{"e": 1}], "c": {}}, "d": None}
    assert dict(flatten(nested)) == {"a.b": [{"e": 1}], "a.c": {}, "d": None}
    assert dict(flatten({})) == {}


def test_a_dotted_key_is_left_out_and_a_missing_one_changes_nothing() -> None:
    nested = {"a": {"b": 1, "c": 2}, "d": 3}
    assert without_key(nested, "a.b") == {"a": {"c": 2}, "d": 3}
    assert without_key(nested, "d") == {"a": {"b": 1, "c": 2}}
    assert (
        without_key(nested, "d.x")
        == without_key(nested, "e.f")
        == without_key(nested, "e")
        == nested
    )
