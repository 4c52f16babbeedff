"""Files of predictions: whole or not there, and each number as it was."""

import csv
import sys

import numpy as np
import pytest

from stride.errors import DataError, MissingExtra, StrideError, UserError
from stride.trainer.predict import files
from stride.trainer.predict.files import require_writable, write_predictions

ARRAYS = {
    "sample": np.array([3, 5, 7]),
    "outputs/a": np.array([[0.1, 1e-30], [np.nan, np.inf], [1 / 3, 2]], dtype=np.float32),
    "outputs/b": np.array([0.1, 1 / 3, 2.0]),
    "targets": np.arange(12).reshape(3, 2, 2),
}
COLUMNS = ["sample", "outputs/a.0", "outputs/a.1", "outputs/b"]
COLUMNS += ["targets.0.0", "targets.0.1", "targets.1.0", "targets.1.1"]


@pytest.fixture(autouse=True)
def few_rows(monkeypatch):
    monkeypatch.setattr(files, "ROWS", 2)


def test_npz_has_the_arrays_as_they_are(tmp_path):
    write_predictions(tmp_path / "p.npz", ARRAYS)
    with np.load(tmp_path / "p.npz") as found:
        assert list(found) == list(ARRAYS)
        assert all(np.array_equal(found[name], ARRAYS[name], equal_nan=True) for name in ["sample"])
        assert found["outputs/a"].dtype == np.float32
    assert [path.name for path in tmp_path.iterdir()] == ["p.npz"]


def test_csv_has_a_column_for_each_number(tmp_path):
    write_predictions(tmp_path / "p.csv", ARRAYS)
    with (tmp_path / "p.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head == COLUMNS
    assert rows[0][:4] == ["3", "0.1", "1e-30", "0.1"]
    back = np.array([row[1:3] for row in rows], dtype=np.float32)
    assert np.array_equal(back, ARRAYS["outputs/a"], equal_nan=True)


def test_parquet_has_the_types_of_the_arrays(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    write_predictions(tmp_path / "p.parquet", ARRAYS)
    table = parquet.read_table(tmp_path / "p.parquet")
    assert table.column_names == COLUMNS
    assert str(table.schema.field("outputs/a.0").type) == "float"
    assert table["targets.1.1"].to_pylist() == [3, 7, 11]


@pytest.mark.parametrize("name", ["p.csv", "p.parquet", "p.npz"])
def test_no_samples_are_a_file_too(tmp_path, name):
    write_predictions(tmp_path / name, {"sample": np.empty(0, np.int64)})
    assert (tmp_path / name).stat().st_size


def test_what_cannot_be_written_leaves_the_old_file(tmp_path):
    (tmp_path / "p.csv").write_text("old")
    with pytest.raises(DataError, match="outputs are complex numbers"):
        write_predictions(tmp_path / "p.csv", {"outputs": np.zeros(2, complex)})
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("p.csv", "old")]
    with pytest.raises(StrideError, match="cannot write"):
        write_predictions(tmp_path / "gone" / "p.csv", ARRAYS)


def test_what_could_not_be_written_is_refused_before(tmp_path, monkeypatch):
    (tmp_path / "p.npz").write_text("")
    require_writable(tmp_path / "p.npz", force=True)
    wrong = {"p.npz": "is there already", "p.json": "end it in one of", "x/p.npz": "no folder"}
    for name, words in wrong.items():
        with pytest.raises(UserError, match=words):
            require_writable(tmp_path / name, force=False)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match="pyarrow"):
        require_writable(tmp_path / "p.parquet", force=False)
