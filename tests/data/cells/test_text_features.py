"""Features: text by a key, categories that are recorded, an index that is none, missing cells."""

import logging

import pytest
import torch

PETS = "kind,age,y\ndog,3,1.5\ncat,4,2.5\ndog,5,3.5\n"


def test_text_is_refused_until_a_key_says_what_it_becomes(refused):
    message = refused(PETS, "y")
    assert "'dog' is not a number (t.csv, line 2, column 'kind')" in message
    assert "type dataset_kwargs.text_features=one_hot" in message and "missing=" not in message


def test_words_for_true_and_false_are_numbers_unless_text_is_asked_for(read, refused):
    for false, true in (("False", "True"), ("false", "true"), ("FALSE", "TRUE")):
        table = f"member,age,y\n{true},3,1.5\n{false},4,2.5\n"
        assert read(table, "y").tensors[0].tolist() == [[1, 3], [0, 4]]
        hot = read(table, "y", text_features="one_hot")
        assert hot.feature_names == (f"member={false}", f"member={true}", "age")
    assert "'True' is not a number" in refused("a,y\n0,1.5\nTrue,2.5\n", "y")
    assert "'false' is not a number" in refused("a,y\nfalse,1.5\nTrue,2.5\n", "y")
    table = "a,y\n1.5,True\n2.5,False\n"
    assert read(table, "y", target_kind="float").tensors[1].tolist() == [1, 0]


def test_one_hot(read):
    data = read(PETS, "y", text_features="one_hot")
    assert data.tensors[0].tolist() == [[0, 1, 3], [1, 0, 4], [0, 1, 5]]
    assert data.tensors[0].dtype == torch.float32
    assert data.feature_names == ("kind=cat", "kind=dog", "age")
    assert data.inferred == {"categories": {"kind": ["cat", "dog"]}}


def test_codes(read):
    data = read(PETS, "y", text_features="codes")
    assert data.tensors[0].tolist() == [[1, 3], [0, 4], [1, 5]]
    assert data.feature_names == ("kind", "age")


def test_recorded_categories_keep_their_codes(read, refused):
    known = {"kind": ["emu", "dog", "cat"]}
    data = read(PETS, "y", text_features="one_hot", categories=known)
    assert data.tensors[0][:, :3].tolist() == [[0, 1, 0], [0, 0, 1], [0, 1, 0]]
    known = {"kind": ["dog"]}
    message = refused(PETS, "y", text_features="codes", categories=known)
    assert "'cat' is not among the values" in message and "line 3, column 'kind'" in message
    rest = read(PETS, "y", text_features="codes", categories=known, missing="cat")
    assert rest.tensors[0].tolist() == [[0, 3], [0, 5]]


def test_numbers_stay_numbers_unless_they_are_listed(read):
    listed = {"age": ["3", "4", "5"]}
    data = read(PETS, "y", ["age"], text_features="one_hot")
    assert data.tensors[0].tolist() == [[3], [4], [5]] and data.inferred == {}
    data = read(PETS, "y", ["age"], text_features="one_hot", categories=listed)
    assert torch.equal(data.tensors[0], torch.eye(3))


@pytest.mark.parametrize("text_features", [None, "one_hot"])
@pytest.mark.parametrize(
    ("cells", "row", "typed"),
    [
        (["1.5", "2.5", "NA", "4"], 2, "dataset_kwargs.missing=NA"),
        (["1,5", "2,5", "3"], 0, "dataset_kwargs.decimal=,"),
        (["1.5", "2,500.0"], 1, "without separators"),
    ],
)
def test_numbers_with_odd_cells_do_not_become_categories(refused, text_features, cells, row, typed):
    text = "x,y\n" + "".join(f'"{cell}",1.5\n' for cell in cells)
    message = refused(text, "y", text_features=text_features)
    assert f"{cells[row]!r} is not a number" in message and typed in message
    assert f"line {row + 2}, column 'x'" in message


def test_markers_and_names_are_no_categories(refused, read):
    text = "x,y\na,1.5\nNA,2.5\nb,3.5\n"
    message = refused(text, "y", text_features="one_hot")
    assert "'NA' is what is written for a missing value (t.csv, line 3" in message
    assert "dataset_kwargs.missing=NA" in message and "dataset_kwargs.categories" in message
    assert read(text, "y", text_features="codes", missing="NA").tensors[1].tolist() == [1.5, 3.5]
    listed = {"x": ["NA", "a", "b"]}
    assert len(read(text, "y", text_features="codes", categories=listed)) == 3
    names = "x,y\n" + "".join(f"name {chr(i)},1.5\n" for i in range(97, 119))
    assert "22 different texts in 22 rows are names" in refused(names, "y", text_features="codes")


def test_rows_with_missing_values_are_left_out_and_counted(read, refused, caplog):
    text = "a,b,c,y\n1,x,2,0.5\nNA,x,2,1.5\n,x,2,2.5\n4,x,,3.5\n5,x,2,NA\n6,,2,4.5\n"
    options = {"features": ["a", "c"], "missing": "NA"}
    with caplog.at_level(logging.INFO, logger="stride"):
        data = read(text, "y", **options)
    assert data.tensors[0].tolist() == [[1, 2], [6, 2]] and data.tensors[1].tolist() == [0.5, 4.5]
    [said] = caplog.messages
    assert said.endswith("4 of 6 rows are left out, in which a value is missing: a 2, c 1, y 1")
    assert "line 5, column 'c'" in refused("a,c,y\n1,2,0\n1,2,0\n1,2,1\n1,,1\n", "y")
    assert "missing in every row" in refused("a,y\n,1.5\n", "y", missing=[])
    assert "line 3, column 'y'" in refused(
        "a,y\n,1\n2,oops\n", "y", missing=[], target_kind="float"
    )


def test_a_marker_may_be_a_stored_number(tmp_path):
    import numpy as np

    from stride.data.table import table

    np.savez(tmp_path / "t.npz", x=np.array([1.0, -999, np.nan]), y=np.array([1.5, 2.5, 3.5]))
    assert len(table(str(tmp_path / "t.npz"), "y", missing=["NA", "-999"])) == 1


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "Unnamed: 0.1"])
@pytest.mark.parametrize("cells", ["012", "123", "205"])
def test_an_unnamed_index_is_no_feature(read, caplog, name, cells):
    rows = "".join(f"{cell},{i * 2},{i}.5\n" for i, cell in enumerate(cells))
    with caplog.at_level(logging.INFO, logger="stride"):
        data = read(f"{name},x,y\n{rows}", "y")
    assert data.tensors[0].tolist() == [[0], [2], [4]]
    [said] = caplog.messages
    assert repr(name) in said and "dataset_kwargs.features decides" in said
    assert read(f"{name},x,y\n{rows}", "y", [name]).tensors[0].tolist() == [[int(c)] for c in cells]


@pytest.mark.parametrize("cells", [["1", "1"], ["0.5", "1.5"], ["a", "b"], ["", ""]])
def test_an_unnamed_column_that_is_no_index_is_refused(refused, cells):
    message = refused(",x,y\n" + "".join(f"{cell},2,1.5\n" for cell in cells), "y")
    assert "the column '' has no name" in message and "dataset_kwargs.features" in message
