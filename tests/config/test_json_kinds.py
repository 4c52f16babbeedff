"""Which JSON a type takes, and what typed text means for it."""

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NewType, Optional, TypedDict, TypeVar

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stride.config.json_kinds import ANY, WORDS, describe, kinds, read
from stride.config.values import Raw
from stride.errors import ConfigError

Width = NewType("Width", int)
T = TypeVar("T")
B = TypeVar("B", bound=float)


class Speed(Enum):
    FAST = 1
    SLOW = 2


class Box(TypedDict):
    width: int


class Pair(NamedTuple):
    a: int
    b: int


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (int, {"integer"}),
        (float, {"number"}),
        (bool, {"boolean"}),
        (str, {"text"}),
        (None, {"null"}),
        (str | None, {"text", "null"}),
        (Optional[int], {"integer", "null"}),  # noqa: UP045
        (float | Tensor, {"number"}),
        (int | Tensor | None, {"integer", "null"}),
        (Tensor, {"array", "number", "integer"}),
        (Tensor | None, {"array", "number", "integer", "null"}),
        (list[Tensor], {"array"}),
        (NDArray[np.float32], {"array", "number", "integer"}),
        (nn.Parameter, set()),
        (torch.dtype, {"text"}),
        (torch.device | None, {"text", "null"}),
        (dict[str, nn.Module], set()),
        (Callable[[int], int], set()),
        (Callable, set()),
        (type[nn.Module], set()),
        (list, {"array"}),
        (tuple[int, ...], {"array"}),
        (Sequence[int], {"array"}),
        (Iterable, {"array"}),
        (Pair, {"array"}),
        (dict[str, int], {"object"}),
        (Box, {"object"}),
        (Path, {"text"}),
        (Literal["a", 1, None], {"text", "integer", "number", "null"}),
        (Speed, {"integer", "number", "text"}),
        (Annotated[int, "width"], {"integer"}),
        (Width, {"integer"}),
        (T, ANY),
        (B, {"number"}),
        (Any, ANY),
        (object, ANY),
        (Parameter.empty, ANY),
        ([1, 2], set()),
    ],
)
def test_kinds_of_a_type(annotation: Any, expected: set[str]) -> None:
    assert kinds(annotation) == expected


@pytest.mark.parametrize(
    ("text", "annotation", "expected"),
    [
        *[(t, str, t) for t in ("007", "1e-4", "2018-11-25", "no", "-1", "true", "null", '"x"')],
        *[(t, str, t) for t in ("a,b", "a=b", "50%", "me@x", "#1", "größe 😀", " x ", "")],
        ("null", str | None, None),
        ("007", str | None, "007"),
        ("1", str | None, "1"),
        ("-1", int, -1),
        ("1e-4", float, 1e-4),
        ("true", bool, True),
        ("[1, 2]", list[int], [1, 2]),
        ('{"a": 1}', dict[str, int], {"a": 1}),
        ("7", int | str, 7),
        ("007", int | str, "007"),
        ("7", list[int] | str, "7"),
        ("auto", float | str, "auto"),
        ("1e-4", float | str, 1e-4),
        ("1.5", int | str, "1.5"),
        ("FAST", Speed, "FAST"),
        ("2", Speed, 2),
        ("a", Literal["a", "b"], "a"),
        ("1", Literal["1", "2"], "1"),
        ("1", Literal[1, 2], 1),
        ("1e-3", Any, 1e-3),
        ("no", Any, "no"),
        ("NaN", Any, "NaN"),
        ("inf", float, "Infinity"),
        ("-INF", float | None, "-Infinity"),
        ("nan", float, "NaN"),
        ("inf", float | str, "inf"),
        ("[" * 100_000, Any, "[" * 100_000),
    ],
)
def test_text_is_read_as_its_type_asks(text: str, annotation: Any, expected: Any) -> None:
    found = read(Raw(text), annotation, "key")
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("text", "annotation", "message"),
    [
        ("ten", int, "a.b must be a whole number, not 'ten'"),
        ("yes", bool | None, "a.b must be true, false or null, not 'yes'"),
        (
            "csv",
            list[str],
            """a.b must be a list, not 'csv'; a list is typed as JSON: a.b=["a","b"]""",
        ),
        (
            "x",
            dict[str, int],
            """a.b must be a table of keys, not 'x'; a table is typed as JSON: a.b={"a":1}""",
        ),
        ("NaN", int, "a.b must be a whole number, not 'NaN'"),
        ("1e999", float, "a.b must be a number, not '1e999'"),
    ],
)
def test_text_that_cannot_be_meant_is_refused(text: str, annotation: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(Raw(text), annotation, "a.b")
    assert str(caught.value) == message


def test_kinds_in_words() -> None:
    assert describe(frozenset({"integer"})) == "a whole number"
    assert describe(frozenset({"integer", "text", "null"})) == "a whole number, text or null"
    assert describe(ANY).count(",") == len(WORDS) - 1
