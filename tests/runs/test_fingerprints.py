"""A row of fingerprints is the steps that it holds, in their order."""

from pathlib import Path

import pytest

from stride.errors import RunError
from stride.runs.files.jsonl import lines_of
from stride.runs.fingerprints import (
    StepFingerprint,
    digests_of,
    last_fingerprinted_step,
    read_digests,
    read_fingerprints,
    split_bits,
    steps_of,
)
from stride.runs.layout import RunPaths


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


def test_rows_beyond_the_last_step_that_is_wanted_are_not_read(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path)
    rows = [{"step": n, "loss": "float16:3c004000"} for n in (1, 3, 5, 7)]
    rows[1]["weights"] = {"2": "a"}  # taken after step 2, given with the losses read next
    paths.fingerprints.write_bytes(lines_of(paths.fingerprints, rows) + b"no row\n{}\n")
    assert [one.step for one in read_fingerprints(paths.fingerprints, 2)] == [1, 2, 3, 4]
    assert [*read_digests(paths.fingerprints, 2)] == [(2, "a")]
    assert last_fingerprinted_step(paths, 4) >= 4
    with pytest.raises(RunError, match="line 5 is not a JSON object"):
        last_fingerprinted_step(paths)


@pytest.mark.parametrize("text", ["int7:00", "float32:3f8000", "3f800000"])
def test_what_are_no_bits_is_refused(text: str) -> None:
    with pytest.raises(RunError, match=r"not a type of numbers|not a whole number"):
        split_bits(text)
