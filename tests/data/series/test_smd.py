"""SMD's text files: a machine each, labels in files of their own."""

import pytest

from stride.data.series.smd import smd
from stride.errors import DataError

CUT = {"window": 2, "stride": 2}


@pytest.fixture
def folder(tmp_path):
    for n, machine in enumerate(("machine-1-1", "machine-1-2")):
        for part, points in (("train", 10), ("test", 4)):
            (tmp_path / part).mkdir(exist_ok=True)
            lines = [f"{100 * n + point},0.5" for point in range(points)]
            (tmp_path / part / f"{machine}.txt").write_text("\n".join(lines) + "\n")
        (tmp_path / "test_label").mkdir(exist_ok=True)
        (tmp_path / "test_label" / f"{machine}.txt").write_text("0\n0\n0\n1\n")
    return tmp_path


def refused(folder, **options):
    with pytest.raises(DataError) as caught:
        smd("test", str(folder), **CUT, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_windows_of_all_machines_lie_in_their_own_series(folder):
    train, val = (smd(s, str(folder), **CUT) for s in ("train", "val"))
    assert train.tensors[0].shape == (8, 2, 2) and not train.annotations.get("labels")
    assert val.tensors[0][:, 0].tolist() == [[8, 9], [108, 109]]
    test = smd("test", str(folder), **CUT)
    assert test.annotations["labels"].tolist() == [[0, 0], [0, 1], [0, 0], [0, 1]]
    assert test.annotations["series"].tolist() == [0, 0, 1, 1]


def test_machines_are_chosen_by_name(folder):
    found = smd("test", str(folder), ["machine-1-2"], **CUT)
    assert found.tensors[0][:, 0, 0].tolist() == [100, 102]
    assert "did you mean 'machine-1-2'?" in refused(folder, machines=["machine-1"])


def test_what_does_not_fit_is_named_by_file_and_line(folder):
    labels = folder / "test_label" / "machine-1-1.txt"
    labels.write_text("0\n1\n0\n")
    assert f"3 lines of 1 labels, where the series has 4 points ({labels})" in refused(folder)
    labels.write_text("0\n0\n3\n0\n")
    assert f"the label 3 is neither 0 nor 1 ({labels}, line 3)" in refused(folder)
    labels.unlink()
    assert "no file" in refused(folder)
    test = folder / "test" / "machine-1-1.txt"
    test.write_text("1,2\n3\n")
    assert f"1 numbers, where line 1 has 2 ({test}, line 2)" in refused(folder)


def test_a_folder_of_another_kind_is_refused(tmp_path):
    assert "no files train/*.txt" in refused(tmp_path)
