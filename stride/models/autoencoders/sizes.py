"""The sizes of autoencoders that follow from the data."""

from collections.abc import Sequence
from math import prod

from stride.errors import ComponentError


def default_code(input_shape: Sequence[int]) -> int:
    """Return the width of a code that is not given: a sixteenth of the numbers, rounded up."""
    return -(-prod(input_shape) // 16)


def series_shape(input_shape: Sequence[int], network: str) -> tuple[int, int]:
    """Return the channels and the length of series.

    Raises:
        ComponentError: for a shape that is not (channels, length).
    """
    if len(input_shape) != 2:
        raise ComponentError(
            f"{network} wants inputs of shape (channels, length), not {tuple(input_shape)}",
            where="model_kwargs",
            hint="model_kwargs.model_name=FeedForwardAE takes any shape",
        )
    channels, length = input_shape
    return channels, length
