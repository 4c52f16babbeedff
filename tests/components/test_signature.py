"""Signatures, whatever the constructor is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from inspect import Parameter
from typing import TYPE_CHECKING, Any, Optional

import pytest
import torch

from stride.components.signature import parameters

if TYPE_CHECKING:
    from decimal import Decimal


class Base:
    def __init__(self, width: int, *, act: str = "relu") -> None: ...


class Child(Base): ...


class Open:
    def __init__(self, width: int, *args: Any, **kwargs: Any) -> None: ...


class Called:
    def __call__(self, width: int) -> None: ...


@dataclass
class Record:
    width: int
    rate: float = 0.5


def function(width: int, hidden: Decimal, wrong: "1 / 0" = 3, plain="x") -> None: ...  # type: ignore # noqa


def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return inner


def annotations(constructor: Any) -> dict[str, Any]:
    return {name: one.annotation for name, one in parameters(constructor).named.items()}


@pytest.mark.parametrize(
    ("constructor", "expected"),
    [
        (Base, {"width": int, "act": str}),
        (Child, {"width": int, "act": str}),
        (Record, {"width": int, "rate": float}),
        (Called(), {"width": int}),
        (partial(Base, act="x"), {"width": int, "act": str}),
        (decorated(Base), {"width": int, "act": str}),
        (Record(1).__init__, {"width": int, "rate": float}),
    ],
)
def test_text_annotations_become_types(constructor: Any, expected: dict[str, Any]) -> None:
    assert annotations(constructor) == expected
    assert not parameters(constructor).others


def test_an_annotation_that_cannot_be_read_counts_as_none() -> None:
    found = annotations(function)
    assert found["width"] is int
    assert found["hidden"] is found["wrong"] is found["plain"] is Parameter.empty


def test_a_default_of_none_allows_none() -> None:
    def build(width: int = None) -> None: ...  # type: ignore[assignment]  # noqa: RUF013

    assert annotations(build)["width"] == Optional[int]  # noqa: UP045


def test_torch_hides_callable_under_type_checking_and_it_is_found() -> None:
    schedule = annotations(torch.optim.lr_scheduler.LambdaLR)["lr_lambda"]
    assert "Callable[[int], float]" in str(schedule)


def test_kwargs_take_any_name() -> None:
    found = parameters(Open)
    assert found.accepts("anything")
    assert list(found.named) == ["width"]
    assert not parameters(Base).accepts("anything")


@pytest.mark.parametrize("constructor", [dict, type, torch.Tensor.add])
def test_a_signature_that_cannot_be_read_takes_anything(constructor: Any) -> None:
    found = parameters(constructor)
    assert (found.named, found.others) == ({}, True)


def test_positional_only_parameters_have_no_name() -> None:
    def build(first: int, /, second: int) -> None: ...

    assert list(parameters(build).named) == ["second"]


def test_the_signature_of_a_library_is_read_once_and_a_users_each_time() -> None:
    assert parameters(torch.optim.AdamW) is parameters(torch.optim.AdamW)

    def build(width: int = 1) -> None: ...

    assert parameters(build).defaults == {"width": 1}
    build.__defaults__ = (2,)  # as a cell of a notebook may
    assert parameters(build).defaults == {"width": 2}


def test_the_label_is_the_name() -> None:
    assert parameters(Base).label == "Base"
    assert parameters(Called()).label == "Called"
