from dataclasses import dataclass
from typing import Any

import pytest

from stride.errors import DataError
from stride.models.infer import infer_sizes, output_shape


@dataclass
class Info:
    input_shape: tuple[int, ...] = (1, 8, 8)
    target_shape: tuple[int, ...] | None = ()
    target_kind: str | None = "class"
    num_classes: int | None = 10


@pytest.mark.parametrize(
    ("info", "shape"),
    [
        (Info(), [10]),
        (Info(target_shape=(8, 8), num_classes=3), [3, 8, 8]),
        (Info(target_shape=(), target_kind="float", num_classes=None), []),
        (Info(target_shape=(2, 3), target_kind="float", num_classes=None), [2, 3]),
        (Info(target_shape=None, target_kind=None, num_classes=None), [1, 8, 8]),
    ],
)
def test_the_output_shape_follows_from_the_targets(info: Info, shape: list[int]) -> None:
    assert output_shape(info) == shape


def test_classes_without_a_number_are_refused_with_what_to_set() -> None:
    with pytest.raises(DataError, match=r"model_kwargs\.output_shape=\[10\]"):
        output_shape(Info(num_classes=None))


def every_size(
    input_shape: Any,
    output_shape: Any,
    in_features: int,
    out_features: int,
    in_channels: int,
    out_channels: int,
    num_classes: int | None = None,
) -> None:
    """Stand for a network that asks for all sizes."""


def test_each_size_is_filled_by_name() -> None:
    assert infer_sizes(every_size, (), Info()) == {
        "input_shape": [1, 8, 8],
        "output_shape": [10],
        "in_features": 64,
        "out_features": 10,
        "in_channels": 1,
        "out_channels": 10,
        "num_classes": 10,
    }
    vector = Info(input_shape=(7,), target_kind="float", num_classes=None)
    sizes = infer_sizes(every_size, (), vector)
    assert (sizes["in_channels"], sizes["out_channels"], sizes["num_classes"]) == (1, 1, None)


def test_what_is_given_or_has_a_default_stays() -> None:
    def network(in_features: int, out_features: int = 3, width: int = 4) -> None: ...

    assert infer_sizes(network, (), Info()) == {"in_features": 64}
    assert infer_sizes(network, ("in_features",), Info()) == {}
    assert infer_sizes(network, (), None) == {}
