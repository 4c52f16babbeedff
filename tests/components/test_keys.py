"""Keys inside of tables: each has to be one of its type's."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypedDict

import pytest
from pydantic import BaseModel, ConfigDict, Field

from stride.components.keys import annotation_within, unknown_within


class Box(TypedDict):
    width: int


@dataclass
class Inner:
    width: int = 0


class Block(BaseModel):
    box: Inner | None = None
    size: int = Field(1, alias="length")


class Anything(BaseModel):
    model_config = ConfigDict(extra="allow")

    box: Inner


@dataclass
class Options:
    width: int = 3
    block: Block | None = None
    blocks: Sequence[Block] = ()
    named: dict[str, Box] = field(default_factory=dict)
    found: int = field(default=0, init=False)


@dataclass
class Hidden:
    width: "Nowhere"  # type: ignore[name-defined]  # noqa: F821


class Pair(NamedTuple):
    first: Options
    second: Box


@pytest.mark.parametrize(
    ("value", "annotation", "unknown"),
    [
        ({"widht": 1}, Options, ["x.widht"]),
        ({"width": 1, "found": 1}, Options | None, ["x.found"]),
        ({"block": {"box": {"widht": 1}, "length": 1, "size": 2}}, Options, ["x.block.box.widht"]),
        ({"blocks": [{}, {"a": 1, "b": 2}]}, Options, ["x.blocks.1.a", "x.blocks.1.b"]),
        ({"named": {"any": {"widht": 1}}}, Options, ["x.named.any.widht"]),
        ([{"width": 1}, {"widht": 1}], list[Box], ["x.1.widht"]),
        ([{"width": 1}, {"box": None}], tuple[Box, Block], []),
        ([{"a": 1}, {"b": 1}], Pair, ["x.0.a", "x.1.b"]),
        ([{"a": 1}], tuple[Box, ...], ["x.0.a"]),
        ({"other": 1, "box": {"b": 1}}, Anything, ["x.box.b"]),
        ({"width": 1}, Box | Block, []),
        ({"length": 1}, Box | Block, []),
        ({"b": 1}, Hidden, ["x.b"]),
        ({"any": {"thing": 1}}, dict, []),
        ({"any": 1}, Any, []),
        ([{"any": 1}], list, []),
        (3, Options, []),
    ],
)
def test_unknown_keys_are_found_at_any_depth(value: Any, annotation: Any, unknown: Any) -> None:
    assert [one.key for one in unknown_within(value, annotation, "x")] == unknown


def test_the_nearest_key_of_the_type_is_named() -> None:
    (error,) = unknown_within({"widht": 99}, Options, "model_kwargs.opt")
    assert str(error) == "unknown key model_kwargs.opt.widht; did you mean 'width'?"


def test_the_annotation_of_a_key_is_that_of_its_field() -> None:
    assert annotation_within(Options | None, "width") is int
    assert annotation_within(dict[int, float], "1") is float
    assert annotation_within(Options, "widht") is Any
    assert annotation_within(list[int], "0") is Any
