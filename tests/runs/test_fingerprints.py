"""A row of fingerprints is the steps that it holds, in their order."""

import pytest

from stride.errors import RunError
from stride.runs.fingerprints import StepFingerprint, digests_of, split_bits, steps_of


def test_the_first_number_of_a_row_is_of_its_step() -> None:
    row = {"step": 7, "loss": "float16:3c004000", "norm": "float32:3f80000040000000"}
    assert steps_of(row) == [
        StepFingerprint(7, "float16:3c00", "float32:3f800000"),
        StepFingerprint(8, "float16:4000", "float32:40000000"),
    ]
    assert steps_of({"step": 7, "loss": "float64:" + "0" * 16})[0].norm is None


def test_digests_come_in_the_order_of_their_steps() -> None:
    assert digests_of({"weights": {"10": "b", "9": "a"}}) == [(9, "a"), (10, "b")]
    assert digests_of({}) == []


@pytest.mark.parametrize("text", ["int7:00", "float32:3f8000", "3f800000"])
def test_what_are_no_bits_is_refused(text: str) -> None:
    with pytest.raises(RunError, match=r"not a type of numbers|not a whole number"):
        split_bits(text)
