"""Tables: CSV, Parquet and NPZ give the same dataset; mistakes are named by row and column."""

import numpy as np
import pytest
import torch

from stride.data.table import table
from stride.errors import DataError

CSV = "length,width,kind,price,colour\n1.0,2,cat,0.5,1\n3.5,4,dog,1.5,0\n5.0,6,cat,2.5,1\n"


@pytest.fixture
def csv(tmp_path):
    def write(text=CSV, name="data.csv"):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


def refused(*args, **options):
    with pytest.raises(DataError) as caught:
        table(*args, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_text_labels_become_codes_and_are_kept(csv):
    data = table(csv(), target="kind", features=["width", "length"])
    inputs, targets = data.tensors
    assert inputs.dtype == torch.float32
    assert inputs.tolist() == [[2.0, 1.0], [4.0, 3.5], [6.0, 5.0]]
    assert targets.tolist() == [0, 1, 0] and targets.dtype == torch.int64
    assert data.classes == ("cat", "dog")


def test_features_are_all_the_other_columns(csv):
    assert table(csv("a,b,c\n1,2,0\n3,4,1\n"), "c").tensors[0].tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("target", "kind", "expected"),
    [
        ("price", None, torch.float32),
        ("colour", None, torch.int64),
        ("colour", "float", torch.float32),
    ],
)
def test_whole_numbers_are_classes_and_others_numbers(csv, target, kind, expected):
    data = table(csv(), target, ["length"], target_kind=kind)
    assert data.tensors[1].dtype == expected and data.classes == ()


def test_labels_that_do_not_count_from_zero_become_codes(csv):
    data = table(csv("x,y\n1,10\n2,-1\n3,9\n"), "y")
    assert data.tensors[1].tolist() == [2, 0, 1]
    assert data.classes == ("-1", "9", "10")  # ordered as numbers, not as text


def test_several_targets_are_a_vector(csv):
    data = table(csv(), ["price", "colour"], ["length"])
    assert data.tensors[1].tolist() == [[0.5, 1], [1.5, 0], [2.5, 1]]


def test_no_target_gives_inputs_alone(csv):
    assert len(table(csv(), features=["length"]).tensors) == 1


def test_the_formats_agree(csv, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {"length": [1.0, 3.5, 5.0], "width": [2, 4, 6], "kind": ["cat", "dog", "cat"]}
    pq.write_table(pa.table(columns), tmp_path / "data.parquet")
    np.savez(tmp_path / "data.npz", **{k: np.array(v) for k, v in columns.items()})
    read = [
        table(csv("length,width,kind\n1.0,2,cat\n3.5,4,dog\n5.0,6,cat\n"), "kind"),
        table(
            csv("length;width;kind\n1.0;2;cat\n3.5;4;dog\n5.0;6;cat\n", "semi.csv"),
            "kind",
            delimiter=";",
        ),
        table(
            csv("length\twidth\tkind\n1.0\t2\tcat\n3.5\t4\tdog\n5.0\t6\tcat\n", "data.tsv"), "kind"
        ),
        table(
            csv(
                '\ufeff"length","width","kind"\r\n1.0, 2,cat\r\n\r\n3.5,4,dog\r\n5.0,6,"cat"\r\n',
                "bom.csv",
            ),
            "kind",
        ),
        table(str(tmp_path / "data.parquet"), "kind"),
        table(str(tmp_path / "data.npz"), "kind"),
    ]
    for data in read:
        assert data.tensors[0].tolist() == [[1.0, 2.0], [3.5, 4.0], [5.0, 6.0]]
        assert data.tensors[1].tolist() == [0, 1, 0] and data.classes == ("cat", "dog")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "kinds"}, "no column 'kinds' (dataset_kwargs.target); did you mean 'kind'?"),
        ({"features": ["lenght"]}, "did you mean 'length'?"),
        ({"features": ["zzz"]}, "the columns are length, width"),
        ({"target": "price"}, "'cat' is not a number"),
        ({"target": "kind", "features": ["kind", "width"]}, "both a feature and the target"),
        ({"target": "kind", "features": []}, "no feature columns"),
        ({"target": "kind", "features": ["width", "width"]}, "'width' is named twice"),
        ({"target": "kind", "features": ["length"], "target_kind": "float"}, "target_kind=class"),
        (
            {"target": ["price", "width"], "features": ["length"], "target_kind": "class"},
            "not classes",
        ),
        ({"target": "price", "delimiter": ";;"}, "not one character"),
    ],
)
def test_wrong_columns_are_named(csv, options, message):
    assert message in refused(csv(), **options)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,y\n1,a\n2,\n", "the value is missing (PATH, line 3, column 'y')"),
        ("x,y\n1,a\n,b\n", "the value is missing (PATH, line 3, column 'x')"),
        ("x,y\n1,a\nnan,b\n", "'nan' is not a number (PATH, line 3, column 'x')"),
        ("x,y\n1,0.5\n\n2,\n", "the value is missing (PATH, line 4, column 'y')"),
        ("x,y\n1,0.5\n2,nan\n", "'nan' is not a number like the others (PATH, line 3, column 'y')"),
        ("x,y\n1,a\n2\n", "line 3 has 1 cells, the header 2"),
        ("x,y\n", "no rows below the header"),
        ("", "no rows below the header"),
        ("x,x,y\n1,2,3\n", "duplicate column 'x'"),
    ],
)
def test_bad_cells_are_named(csv, text, message):
    path = csv(text)
    assert message.replace("PATH", path) in refused(path, "y")


def test_missing_labels_in_other_formats(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"x": [1, 2], "y": ["a", None]}), tmp_path / "a.parquet")
    assert "missing (" + str(tmp_path / "a.parquet") + ", row 2, column 'y')" in refused(
        str(tmp_path / "a.parquet"), "y"
    )
    np.savez(tmp_path / "a.npz", x=np.ones(2), y=np.array([0.0, np.nan]))
    assert "row 2, column 'y'" in refused(str(tmp_path / "a.npz"), "y", target_kind="class")


def test_amounts_are_not_taken_for_classes(csv):
    text = "x,y\n" + "".join(f"{i},{i * 7}\n" for i in range(300))
    assert "target_kind=float or dataset_kwargs.target_kind=class" in refused(csv(text), "y")
    assert table(csv(text), "y", target_kind="float").tensors[1].dtype == torch.float32


def test_missing_and_foreign_files(csv, tmp_path):
    csv()
    assert "did you mean 'data.csv'?" in refused(str(tmp_path / "dat.csv"))
    assert "dataset_name=arrays" in refused(csv("x", "data.npy"))
    (tmp_path / "bad.csv").write_bytes(b"a,b\n\xff\xfe,1\n")
    assert "the text is not in UTF-8" in refused(str(tmp_path / "bad.csv"))
    (tmp_path / "bad.parquet").write_bytes(b"not parquet at all")
    assert "not a Parquet file" in refused(str(tmp_path / "bad.parquet"))
    (tmp_path / "bad.npz").write_bytes(b"not a zip")
    assert "not an NPZ file" in refused(str(tmp_path / "bad.npz"))


def test_npz_columns_must_be_columns(tmp_path):
    path = str(tmp_path / "a.npz")
    np.savez(path, x=np.ones((2, 2)), y=np.ones(2))
    assert "has shape (2, 2)" in refused(path, "y")
    np.savez(path, x=np.ones(3), y=np.ones(2))
    assert "differ in length: x 3, y 2" in refused(path, "y")
    np.savez(path, x=np.array([1, "a", None], dtype=object), y=np.ones(3))
    assert "pickles are never read" in refused(path, "y")
