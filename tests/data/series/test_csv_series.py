"""One long series of a table is divided in time and cut; its labels go with its points."""

import numpy as np
import pytest

from stride.data.series.csv_series import csv_series
from stride.data.series.tsb_ad import kdd_tsad_135, tsb_ad
from stride.errors import DataError

POINTS = 20
HEADER = "a,b,Label"


@pytest.fixture
def csv(tmp_path):
    def write(header=HEADER, rows=None, name="s.csv"):
        rows = rows or [f"{n},{-n},{int(n == 17)}" for n in range(POINTS)]
        (tmp_path / name).write_text("\n".join([header, *rows]) + "\n")
        return str(tmp_path / name)

    return write


CUT = {"window": 2, "stride": 2}


def refused(*args, **options):
    with pytest.raises(DataError) as caught:
        csv_series(*args, **{**CUT, **options})
    assert "\n" not in str(caught.value)
    return str(caught.value)


def starts(split, path, **options):
    return csv_series(split, path, **{**CUT, **options}).annotations["start"].tolist()


def test_a_series_is_divided_in_time(csv):
    path = csv()
    assert starts("train", path, val_share=0.3) == [0, 2, 4, 6, 8]
    assert starts("val", path, val_share=0.3) == [10, 12]
    assert starts("test", path) == [14, 16, 18]
    assert starts("test", path, train_points=16) == [16, 18]
    assert starts("test", path, tested="whole") == [*range(0, 20, 2)]
    assert csv_series("val", path, val_share=0.0) is None


def test_columns_are_channels_and_the_label_goes_beside(csv):
    found = csv_series("test", csv(), label="Label", **CUT)
    assert found.tensors[0].tolist()[1] == [[16, 17], [-16, -17]]
    assert found.annotations["labels"].tolist() == [[0, 0], [0, 1], [0, 0]]
    assert csv_series("test", csv(), columns=["b"], **CUT).tensors[0].shape == (3, 1, 2)
    assert csv_series("test", csv(), **CUT).tensors[0].shape == (3, 3, 2)


def test_labels_may_be_truths(csv):
    path = csv("a,odd", [f"{n},{n % 2 == 1}" for n in range(POINTS)])
    labels = csv_series("test", path, label="odd", **CUT).annotations["labels"]
    assert labels.tolist() == [[False, True]] * 3


def test_an_unnamed_index_is_not_a_channel(csv):
    path = csv(",a", [f"{n},{n}" for n in range(POINTS)])
    assert csv_series("test", path, **CUT).tensors[0].shape == (3, 1, 2)


def test_missing_cells_are_refused_by_line_and_column_or_filled(csv):
    rows = [f"{n},{n},0" for n in range(POINTS)]
    rows[3] = "3,nan,0"
    rows[4] = "4,,0"
    path = csv(rows=rows)
    said = f"a number is missing, 2 in all ({path}, line 5, column 'b')"
    assert said in refused("train", path, val_share=0)
    found = csv_series("train", path, missing="interpolate", val_share=0.0, **CUT)
    assert found.tensors[0][:, 1].flatten().tolist() == [*range(14)]


def test_numbers_of_parquet_and_npz_may_miss_too(tmp_path):
    values = np.arange(20.0)
    values[2] = np.nan
    np.savez(tmp_path / "s.npz", a=values)
    assert "s.npz, row 3, column 'a'" in refused("train", str(tmp_path / "s.npz"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"columns": ["a", "c"]}, "no column 'c' (dataset_kwargs.columns)"),
        ({"label": "label"}, "did you mean 'Label'?"),
        ({"columns": ["a", "Label"], "label": "Label"}, "both a channel and the label"),
        ({"columns": []}, "no columns are left to be channels"),
        ({"train_points": 21}, "type train_points=20, or fewer"),
        ({"label": "a"}, "the label 2 is neither 0 nor 1"),
        ({"window": 15}, "14 points in the train split, where a window has 15"),
    ],
)
def test_what_does_not_fit_is_refused(csv, options, said):
    assert said in refused("train", csv(), **{"val_share": 0.0, **options})


def test_a_cell_that_is_no_number_is_named(csv):
    path = csv("time,a", [f"2020-01-{n:02},1" for n in range(1, 20)])
    assert f"'2020-01-01' is not a number ({path}, line 2, column 'time')" in refused("test", path)
    assert "dataset_kwargs.columns" in refused("test", path)


def test_a_file_of_tsb_ad_says_how_many_points_are_trained_on(csv):
    path = csv(name="1_X_id_1_Medical_tr_8_1st_17.csv")
    cut = {"val_share": 0.25, **CUT}
    assert tsb_ad("train", path, **cut).annotations["start"].tolist() == [0, 2, 4]
    assert tsb_ad("val", path, **cut).annotations["start"].tolist() == [6]
    whole = tsb_ad("test", path, **cut)
    assert whole.tensors[0].shape == (10, 2, 2) and whole.annotations["labels"].sum() == 1
    assert len(tsb_ad("test", path, tested="rest", **cut)) == 6
    with pytest.raises(DataError, match=r"does not say how many points.*csv_series label=Label"):
        tsb_ad("train", csv(), **cut)


def test_the_series_of_aeon_is_found_without_importing_it(tmp_path, monkeypatch):
    folder = tmp_path / "aeon" / "datasets" / "data" / "KDD-TSAD_135"
    folder.mkdir(parents=True)
    (tmp_path / "aeon" / "__init__.py").write_text("raise RuntimeError('imported')\n")
    rows = [f"{n},{n / 2},{int(n == 9)}" for n in range(30)]
    text = "\n".join(["timestamp,value,is_anomaly", *rows])
    (folder / "135_UCR_Anomaly_InternalBleeding16_TEST.csv").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    found = kdd_tsad_135("test", train_points=10, **CUT)
    assert found.tensors[0].shape == (15, 1, 2) and found.annotations["labels"].sum() == 1


def test_without_aeon_the_message_says_what_to_type(monkeypatch):
    monkeypatch.setattr("stride.data.files.installed.find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"type: pip install aeon$"):
        kdd_tsad_135("train")
