"""The JSON part of an annotation, as pydantic checks it."""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Annotated, Any, Optional

import pytest
from pydantic import Field, TypeAdapter, ValidationError
from torch import Tensor, nn

from stride.components.json_type import json_type, unserializable


class Speed(Enum):
    FAST = 1
    ODD = object()


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (float | Tensor, float),
        (Optional[nn.Module], type(None)),  # noqa: UP045
        (int | str | None, Optional[int | str]),  # noqa: UP045
        (Sequence[int], list[int]),
        (Iterable, list),
        (dict[str, float | Tensor], dict[str, float]),
        (tuple[float | Tensor, ...], tuple[float, ...]),
    ],
)
def test_what_json_cannot_hold_falls_away(annotation: Any, expected: Any) -> None:
    assert json_type(annotation) == expected


def test_an_enum_takes_values_and_names() -> None:
    adapter: TypeAdapter[Speed] = TypeAdapter(json_type(Speed))
    assert adapter.validate_json("1") is Speed.FAST
    assert adapter.validate_json('"FAST"') is Speed.FAST
    assert adapter.validate_json('"ODD"') is Speed.ODD
    for wrong in ("true", "2", '"SLOW"'):
        with pytest.raises(ValidationError, match="must be one of FAST, ODD"):
            adapter.validate_json(wrong)


def test_rules_of_an_annotated_type_are_kept() -> None:
    adapter: TypeAdapter[int] = TypeAdapter(json_type(Annotated[int | Tensor, Field(ge=1)]))
    assert adapter.validate_json("1") == 1
    with pytest.raises(ValidationError):
        adapter.validate_json("0")


def test_the_rest_in_words() -> None:
    assert unserializable(float | Tensor) == "torch.Tensor"
    assert unserializable(int) == ""
