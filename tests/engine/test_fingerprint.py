"""The bits of the steps, as text that gives the very bits back."""

import math

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from stride.engine.fingerprint import Fingerprint, bits_of
from stride.runs.fingerprints import digests_of, steps_of


def floats_of(text):
    return np.frombuffer(bytes.fromhex(text.partition(":")[2]), ">f4").tolist()


@given(st.lists(st.floats(width=32, allow_nan=False), max_size=9))
@example([0.0, -0.0, math.inf, -math.inf, 2.0**-149])
def test_the_bits_of_single_precision_give_the_numbers_back(values):
    text = bits_of(torch.tensor(values, dtype=torch.float32))
    assert text.startswith("float32:")
    assert floats_of(text) == values


@pytest.mark.parametrize(
    ("dtype", "text"),
    [
        (torch.float32, "float32:3f80000080000000"),
        (torch.float64, "float64:3ff00000000000008000000000000000"),
        (torch.bfloat16, "bfloat16:3f808000"),
        (torch.float16, "float16:3c008000"),
        (torch.uint8, "uint8:0100"),
    ],
)
def test_each_type_has_its_own_digits_and_zero_its_sign(dtype, text):
    assert bits_of(torch.tensor([1.0, -0.0]).to(dtype)) == text


def test_numbers_that_are_not_next_to_each_other_are_read_as_they_stand():
    assert bits_of(torch.tensor([[1.0, 5.0], [2.0, 6.0]])[:, 0]) == bits_of(
        torch.tensor([1.0, 2.0])
    )


def test_rows_are_of_consecutive_steps_and_are_given_once():
    fingerprint = Fingerprint()
    fingerprint.add_losses([1.0, 2.0], torch.float32)
    fingerprint.add_losses([3.0], torch.float32)
    rows = fingerprint.take_rows()
    assert [(row["step"], floats_of(row["loss"])) for row in rows] == [(1, [1.0, 2.0, 3.0])]
    assert fingerprint.take_rows() == []


def test_norms_are_of_the_steps_whose_losses_come_next():
    fingerprint = Fingerprint()
    for norm in (7.0, 8.0):
        fingerprint.add_norm(torch.tensor(norm))
    fingerprint.add_losses([1.0, 2.0], torch.float32)
    fingerprint.add_losses([3.0], torch.float32)
    first, second = fingerprint.take_rows()
    assert floats_of(first["norm"]) == [7.0, 8.0]
    assert "norm" not in second


def test_norms_are_left_out_where_it_is_not_clear_of_which_step_they_are():
    fingerprint = Fingerprint()
    for norm in (7.0, 7.5, 8.0):  # an optimiser that asks twice, as LBFGS
        fingerprint.add_norm(torch.tensor(norm))
    fingerprint.add_losses([1.0, 2.0], torch.float32)
    assert "norm" not in fingerprint.take_rows()[0]


def test_what_is_not_finite_has_bits_too():
    fingerprint = Fingerprint()
    fingerprint.add_losses([math.nan, math.inf], torch.float32)
    (row,) = fingerprint.take_rows()
    assert [bits.loss for bits in steps_of(row)] == ["float32:7fc00000", "float32:7f800000"]


def test_a_digest_changes_with_one_bit_of_one_weight_and_names_its_step():
    def digest(weights):
        fingerprint = Fingerprint()
        fingerprint.add_digest(1, {"a": weights, "extra": {"calls": 3}})
        fingerprint.add_losses([0.5], torch.float32)
        return digests_of(fingerprint.take_rows()[0])

    weights = torch.arange(5.0)
    other = weights.clone()
    other[3] = torch.nextafter(other[3], other[4])
    ((step, text),) = digest(weights)
    assert step == 1
    assert digest(weights.clone()) == [(1, text)]
    assert digest(other) != [(1, text)]


def test_beginning_at_a_step_forgets_what_came_before():
    fingerprint = Fingerprint()
    fingerprint.add_norm(torch.tensor(1.0))
    fingerprint.add_digest(1, {"a": torch.ones(2)})
    fingerprint.add_losses([1.0], torch.float32)
    fingerprint.add_norm(torch.tensor(1.0))
    fingerprint.begin(10)
    fingerprint.add_losses([2.0], torch.float32)
    (row,) = fingerprint.take_rows()
    assert row == {"step": 11, "loss": "float32:40000000"}
