"""One value for one parameter."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from inspect import Parameter
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypedDict

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor, nn

from stride.components.convert import convert, convert_untyped, is_serializable
from stride.config.values import Raw, plain
from stride.errors import ConfigError


class Speed(Enum):
    FAST = "fast"
    SLOW = "slow"


class Pair(NamedTuple):
    a: int
    b: float


class Box(TypedDict):
    width: int
    name: str


@dataclass
class Block:
    width: int
    name: str = "x"


@dataclass
class Limits:
    low: float = 0.0
    high: float = 1.0


class Odd(list):  # type: ignore[type-arg]
    """A list of a type of its own."""


def parameter(annotation: Any, default: Any = Parameter.empty) -> Parameter:
    kind = Parameter.KEYWORD_ONLY
    return Parameter("x", kind, annotation=annotation, default=default)


def same(found: Any, expected: Any) -> bool:
    return repr(found) == repr(expected) and type(found) is type(expected)


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        (Raw("007"), str, "007"),
        (Raw("1e-4"), str, "1e-4"),
        (Raw("1e-4"), float, 1e-4),
        (Raw("1e-4"), float | Tensor, 1e-4),
        (Raw("1e3"), int, 1000),
        (Raw("1e3"), int | None, 1000),
        (Raw("1.0"), int | float, 1.0),
        (Raw("1"), int | float, 1),
        (Raw("-1"), int, -1),
        (Raw("null"), str | None, None),
        (Raw("null"), str, "null"),
        (Raw("no"), str | None, "no"),
        (Raw("2018-11-25"), str | int, "2018-11-25"),
        (Raw("true"), bool, True),
        (Raw("true"), bool | str, True),
        (Raw("[1,2]"), tuple[int, ...], (1, 2)),
        (Raw("[0.8, 1]"), tuple[float | Tensor, float | Tensor], (0.8, 1.0)),
        (Raw("[1,2]"), Sequence[int], [1, 2]),
        (Raw("[1,1]"), set[int], {1}),
        (Raw("[1, 2]"), Pair, Pair(1, 2.0)),
        (Raw("inf"), float, math.inf),
        (Raw("-Infinity"), float | None, -math.inf),
        (Raw("inf"), float | str, "inf"),
        (Raw("inf"), str, "inf"),
        (Raw('"Infinity"'), float, math.inf),
        (math.nan, float, math.nan),
        (math.inf, Any, math.inf),
        (math.inf, float | Tensor, math.inf),
        ("Infinity", str, "Infinity"),
        ({"a": [math.inf, 1]}, Any, {"a": [math.inf, 1]}),
        ([1, -math.inf], list[float], [1.0, -math.inf]),
        ({"high": math.inf}, Limits, Limits(0.0, math.inf)),
        ({1: math.inf}, dict[int, float], {1: math.inf}),
        ({Raw("1"): Raw("inf")}, dict[int, float], {1: math.inf}),
        (Raw('{"1": 2}'), dict[int, float], {1: 2.0}),
        ({0.5: True}, dict[float, bool], {0.5: True}),
        (np.arange(3), list[int], [0, 1, 2]),
        (np.ones((1, 2)), tuple[tuple[float, ...], ...], ((1.0, 1.0),)),
        ({"width": np.int64(3)}, Block, Block(3)),
        (Raw('[10,64,"ReLU",null]'), list, [10, 64, "ReLU", None]),
        (Raw('{"a": 1}'), dict[str, float], {"a": 1.0}),
        (Raw('{"a": 1}'), dict, {"a": 1}),
        (Raw("fast"), Speed, Speed.FAST),
        (Raw("SLOW"), Speed | None, Speed.SLOW),
        (Raw("fast"), Literal["fast", "slow"], "fast"),
        (Raw("2"), Literal[1, 2], 2),
        (Raw("a/b"), Path, Path("a/b")),
        (Raw("5"), Parameter.empty, 5),
        (Raw("a=b,c%@#ü"), Parameter.empty, "a=b,c%@#ü"),
        (Raw("5"), Any, 5),
        ({"width": Raw("3"), "name": Raw("007")}, Box, {"width": 3, "name": "007"}),
        ({"width": Raw("3"), "name": Raw("007")}, Block, Block(3, "007")),
        ({"width": Raw("3")}, Block | None, Block(3, "x")),
        ({"a": Raw("1")}, dict[str, str], {"a": "1"}),
        ({"a": {"b": Raw("1")}}, Parameter.empty, {"a": {"b": 1}}),
        ("5", Parameter.empty, "5"),
        ((1, 2), tuple[int, int], (1, 2)),
        ([1], Odd, [1]),
        (3, float, 3.0),
        (10**30, int, 10**30),
    ],
)
def test_a_value_becomes_the_annotated_type(value: Any, annotation: Any, expected: Any) -> None:
    assert same(convert(value, parameter(annotation), "s.x"), expected)


@pytest.mark.parametrize(
    ("value", "annotation", "message"),
    [
        (True, int, "s.x must be a whole number, not true"),
        (True, float, "s.x must be a number, not true"),
        (1, bool, "s.x must be true or false, not 1"),
        (1.5, int, "s.x must be a whole number, not 1.5"),
        ("5", int, 's.x must be a whole number, not "5"'),
        (Raw("1.5"), int, "s.x must be a whole number, not 1.5"),
        (Raw("ten"), int | None, "s.x must be a whole number or null, not 'ten'"),
        (Raw("64,64"), list[int], "s.x must be a list, not '64,64'; a list is typed as JSON"),
        (5, str, "s.x must be text, not 5"),
        ("medium", Literal["fast", "slow"], "s.x must be 'fast' or 'slow', not \"medium\""),
        ("medium", Speed, 's.x must be one of FAST, SLOW, not "medium"'),
        ([1, "x"], list[int], 's.x.1 must be a whole number, not "x"'),
        ([1, True], list[int], "s.x.1 must be a whole number, not true"),
        ([1], tuple[int, int], "s.x.1 is missing in [1]"),
        ([1, 2, 3], tuple[int, int], "s.x must be shorter, not [1, 2, 3]"),
        ({"name": "x"}, Block, 's.x.width is missing in {"name": "x"}'),
        (["x"], Tensor | None, "s.x "),
        ([[1], [1, 2]], Tensor, "s.x expected sequence of length 1"),
        ("full", torch.dtype, 's.x must be a type of torch, as torch.float32, not "full"'),
        ([1.0], float | Tensor, "s.x must be a number, not [1.0]; a config cannot hold a torch"),
        (Raw("x"), nn.Module, "s.x wants a torch.nn.modules.module.Module, which a config cannot"),
        (Raw("x"), Callable[[int], int], "which a config cannot hold"),
        (Raw("inf"), int, "s.x must be a whole number, not 'inf'"),
        ("Infinity", int, 's.x must be a whole number, not "Infinity"'),
        ({"width": "x"}, Block, 's.x.width must be a whole number, not "x"'),
        (
            [{"width": 1}, {"width": "x"}],
            list[Block],
            's.x.1.width must be a whole number, not "x"',
        ),
        (["Infinity", "x"], list[float], 's.x.1 must be a number, not "x"'),
        ({"a": 1.0}, dict[int, float], "s.x.a must be a"),
        (print, Any, "s.x cannot be written as JSON"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(value: Any, annotation: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        convert(value, parameter(annotation), "s.x")
    assert message in str(caught.value)
    assert caught.value.key == "s.x"


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        (torch.tensor([0.1, torch.inf]), Tensor | None, torch.tensor([0.1, torch.inf])),
        (Raw("[1, 2]"), Tensor, torch.tensor([1, 2])),
        (torch.tensor(2.5), Tensor, torch.tensor(2.5)),
        (np.array([[1.5]]), np.ndarray, np.array([[1.5]])),
        (torch.tensor([True]), NDArray[np.bool_], np.array([True])),
        (torch.bfloat16, torch.dtype, torch.bfloat16),
        (Raw("float16"), torch.dtype | None, torch.float16),
        (Raw("cpu"), torch.device, torch.device("cpu")),
        (np.dtype("int8"), np.dtype, np.dtype("int8")),
    ],
)
def test_objects_of_libraries_come_back_where_the_annotation_asks(
    value: Any, annotation: Any, expected: Any
) -> None:
    for _ in range(2):  # as given, and as it was written
        found = convert(value, parameter(annotation), "s.x")
        assert type(found) is type(expected)
        assert np.array_equal(found, expected) if hasattr(found, "shape") else found == expected
        assert getattr(found, "dtype", 0) == getattr(expected, "dtype", 0)
        value = json.loads(json.dumps(plain(found)))


def test_a_value_equal_to_the_default_is_the_default() -> None:
    betas = (0.9, 0.999)
    assert convert([0.9, 0.999], parameter(Parameter.empty, betas), "s.x") is betas
    assert convert("fast", parameter(Parameter.empty, Speed.FAST), "s.x") is Speed.FAST
    assert convert(None, parameter(int, None), "s.x") is None
    assert convert(True, parameter(Parameter.empty, 1), "s.x") is True


def test_free_text_is_json_where_it_parses() -> None:
    assert convert_untyped(Raw("1e-3"), "k") == 1e-3
    assert convert_untyped({"a": Raw("no"), "b": Raw("[1]")}, "k") == {"a": "no", "b": [1]}


def test_only_what_json_holds_is_a_default_to_write() -> None:
    assert all(map(is_serializable, (None, 1, (0.9, 0.999), Speed.FAST, [], float("inf"))))
    assert not any(map(is_serializable, (Parameter.empty, nn.ReLU, print, object())))


ANNOTATED = st.one_of(
    st.tuples(st.just(int), st.integers()),
    st.tuples(st.just(float), st.floats(allow_nan=False)),
    st.tuples(st.just(str), st.text(st.characters(codec="utf-8"))),
    st.tuples(st.just(bool | None), st.booleans() | st.none()),
    st.tuples(st.just(int | float), st.integers() | st.floats(-1e9, 1e9)),
    st.tuples(st.just(tuple[int, ...]), st.lists(st.integers()).map(tuple)),
    st.tuples(st.just(dict[str, float]), st.dictionaries(st.text("ab"), st.floats(-1, 1))),
    st.tuples(st.just(Speed), st.sampled_from(Speed)),
)


@given(ANNOTATED)
@example((float, -0.0))
@example((float, math.inf))
@example((float, 5.0))
@example((int | float, 5.0))
@example((int | float, 5))
@example((str, "null"))
@example((str, "1e-4"))
@example((str, "Infinity"))
@example((bool | None, None))
@example((int, 2**70))
@example((tuple[int, ...], ()))
def test_what_was_written_is_read_as_it_was(pair: tuple[Any, Any]) -> None:
    annotation, value = pair
    written = json.loads(json.dumps(plain(value)))
    found = convert(written, parameter(annotation), "s.x")
    assert same(found, value)
    assert json.dumps(plain(found)) == json.dumps(written)
    typed = written if annotation is str else json.dumps(written)
    text = Raw(written if annotation is Speed else typed)
    assert same(convert(text, parameter(annotation), "s.x"), value)
