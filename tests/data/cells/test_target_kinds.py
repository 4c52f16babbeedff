"""Targets: clearly numbers, clearly classes, or refused by the cell and the key that decides."""

import numpy as np
import pytest
import torch

from stride.data.data_info import num_classes
from stride.data.table import table
from stride.errors import DataError


def column(cells, name="y"):
    """Return a table whose target has these cells, beside one feature."""
    lines = [f'{row},"{cell}"' for row, cell in enumerate(cells)]
    return "\n".join([f"x,{name}", *lines, ""])


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["0", "1", "1"], torch.int64),
        (["-1", "1", "1"], torch.int64),
        (["cat", "dog", "dog"], torch.int64),
        (["3rd", "1st", "<=50K"], torch.int64),
        (["True", "False", "True"], torch.int64),
        (["0.5", "1.5", "-2e3"], torch.float32),
        (["1.0", "2.0", "1.0"], torch.float32),
        (["1", "1.5", "2.0"], torch.float32),
        (["+1.5", ".5", "1."], torch.float32),
    ],
)
def test_what_is_clear_needs_no_key(read, cells, expected):
    assert read(column(cells), "y").tensors[1].dtype == expected


PRICES = [f"{price}.5" for price in range(99)]
CLASS = "dataset_kwargs.target_kind=class"


@pytest.mark.parametrize(
    ("cells", "line", "cell", "typed"),
    [
        ([*PRICES[:9], "NA", *PRICES], 11, "NA", ["dataset_kwargs.missing=NA", CLASS]),
        ([*PRICES, "?"], 101, "?", ["dataset_kwargs.missing=?", CLASS]),
        ([*PRICES, "no idea", "?"], 101, "no idea", ["dataset_kwargs.missing=no idea", CLASS]),
        (["1", "2", "3", "null"], 5, "null", ['dataset_kwargs.missing=["null"]', CLASS]),
        (["1,5", "2,5", "3"], 2, "1,5", ["dataset_kwargs.decimal=,", CLASS]),
        (["20,17", "21,02", "21,57"], 2, "20,17", ["dataset_kwargs.decimal=,", CLASS]),
        (["1.5", "1,234.5"], 3, "1,234.5", ["without separators and units", CLASS]),
        (["12 %", "13 %"], 2, "12 %", ["without separators and units", CLASS]),
        (["1_000", "2_000"], 2, "1_000", ["without separators and units", CLASS]),
        (["2018-11-25", "2018-11-26"], 2, "2018-11-25", [CLASS]),
        (["007", "012", "100"], 2, "007", ["target_kind=float", CLASS]),
        (["1", "1.0", "0"], 3, "1.0", ["target_kind=float", CLASS]),
        (["1e3", "200", "300"], 2, "1e3", ["target_kind=float", CLASS]),
        (["A", "B", "3"], 4, "3", [CLASS]),
        (["cat", "dog", "NA"], 4, "NA", ["dataset_kwargs.missing=NA", CLASS]),
        ([f"name {i}" for i in "abcdefghijklmnopqrstu"], 2, "21 different texts", [CLASS]),
        (["1.5", "inf"], 3, "inf", [CLASS]),
    ],
)
def test_what_is_not_clear_is_refused(refused, cells, line, cell, typed):
    message = refused(column(cells), "y")
    assert f"(t.csv, line {line}, column 'y')" in message and cell in message.partition("(")[0]
    for words in typed:
        assert words in message.partition(")")[2]


@pytest.mark.parametrize(
    ("cells", "options", "values"),
    [
        (["20,17", "-1e1", "3"], {"decimal": ","}, [20.17, -10, 3]),
        (["007", "012", "7.0"], {"target_kind": "float"}, [7, 12, 7]),
        (["1.5", "NA", "", "2.5"], {"missing": "NA"}, [1.5, 2.5]),
        (["1.5", "", "2.5"], {"missing": []}, [1.5, 2.5]),
        (["1.5", "-999", "?"], {"missing": ["-999", "?"]}, [1.5]),
    ],
)
def test_a_key_decides_for_numbers(read, cells, options, values):
    _, targets = read(column(cells), "y", **options).tensors
    assert targets.dtype == torch.float32 and targets.tolist() == pytest.approx(values)


@pytest.mark.parametrize(
    ("cells", "codes", "classes"),
    [
        (["007", "012", "007"], [0, 1, 0], ("007", "012")),
        (["20,17", "21", "20,17"], [0, 1, 0], ("20,17", "21")),
        (["cat", "NA", "cat"], [1, 0, 1], ("NA", "cat")),
        (["10", "9", "-1"], [2, 1, 0], ("-1", "9", "10")),
        (["99999999999999999999", "5", "5"], [1, 0, 0], ("5", "99999999999999999999")),
    ],
)
def test_classes_are_kept_as_they_are_written(read, cells, codes, classes):
    data = read(column(cells), "y", target_kind="class")
    assert data.tensors[1].tolist() == codes and data.classes == classes


@pytest.mark.parametrize("cells", [["1", "1.0"], ["7", "007"], ["1,0", "1"]])
def test_one_number_is_not_two_classes(refused, cells):
    decimal = "," if "," in cells[0] else "."
    message = refused(column(cells), "y", target_kind="class", decimal=decimal)
    assert "are one number, and would be two classes (t.csv, line " in message


@pytest.mark.parametrize("cell", ["1.234,5", "1.234", "1.234.567,0"])
def test_thousands_separators_are_never_guessed(refused, cell):
    message = refused(column(["20,17", cell]), "y", decimal=",", target_kind="float")
    assert f"{cell!r} is not a number (t.csv, line 3, column 'y')" in message


def test_what_float32_cannot_hold_is_refused(refused, read):
    assert "too large for float32 (t.csv, line 3" in refused(column(["1.5", "1e39"]), "y")
    assert read(column(["1.5", "1e38"]), "y").tensors[1][1] == torch.tensor(1e38)


def test_unsigned_labels_do_not_wrap_around(tmp_path):
    labels = np.array([2**64 - 1, 5, 5], dtype=np.uint64)
    np.savez(tmp_path / "t.npz", x=np.ones(3), y=labels)
    data = table(str(tmp_path / "t.npz"), "y")
    assert data.classes == ("5", str(2**64 - 1)) and data.tensors[1].tolist() == [1, 0, 0]


def test_recorded_labels_keep_their_codes(read, refused):
    known = {"y": ["cow", "cat", "dog"]}
    data = read(column(["dog", "cat"]), "y", categories=known)
    assert data.tensors[1].tolist() == [2, 1] and data.classes == ("cow", "cat", "dog")
    assert data.inferred == {"categories": known}
    message = refused(column(["dog", "emu"]), "y", categories=known)
    assert "'emu' is not among the values of dataset_kwargs.categories" in message
    assert "(t.csv, line 3, column 'y'); type dataset_kwargs.missing=emu" in message
    counted = read(column(["0", "1"]), "y", categories={"y": ["0", "1", "2"]})
    assert counted.tensors[1].tolist() == [0, 1] and counted.classes == ()
    assert num_classes(counted) == 3  # also where the largest is not in this file
    assert "duplicate value 'a'" in refused(column(["a"]), "y", categories={"y": ["a", "a"]})
    assert "no column 'Y' (dataset_kwargs.categories)" in refused(
        column(["a"]), "y", categories={"Y": ["a"]}
    )


def test_other_kinds_of_stored_columns_are_refused(tmp_path):
    stored = {"when": np.array(["2020-01-01"], "M8[D]"), "z": np.array([1j]), "y": np.ones(1)}
    np.savez(tmp_path / "t.npz", **stored)
    for name in ("when", "z"):
        with pytest.raises(DataError, match="neither numbers nor text .*column '" + name):
            table(str(tmp_path / "t.npz"), "y", [name])
