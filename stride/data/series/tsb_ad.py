"""Series of TSB-AD's benchmark of anomaly detection, and one of them that a package ships."""

import re
from pathlib import Path

from stride.data.array_dataset import ArrayDataset
from stride.data.files.installed import installed_path
from stride.data.series.csv_series import Tested, csv_series
from stride.data.series.missing import Missing
from stride.data.series.modifiers import Points
from stride.data.series.parts import Share
from stride.data.split import Split
from stride.errors import DataError

_TRAINED = re.compile(r"_tr_(\d+)_")  # as in 326_UCR_id_24_Medical_tr_1875_1st_4187.csv


def tsb_ad(
    split: Split,
    path: str,
    tested: Tested = "whole",
    window: Points = 100,
    stride: Points = 10,
    val_share: Share = 0.2,
    missing: Missing = None,
) -> ArrayDataset | None:
    """Read a file of TSB-AD: its name says how many points are trained on, `Label` is the label.

    Source: Q. Liu and J. Paparrizos, "The Elephant in the Room: Towards A Reliable Time-Series
    Anomaly Detection Benchmark", NeurIPS 2024.

    Args:
        split: train, val or test.
        path: the CSV file.
        tested: the points to test on: the "whole" series, as TSB-AD scores it, or the "rest".
        window: points of a window.
        stride: points from the start of one window to that of the next.
        val_share: share of the training points, their end, to validate on.
        missing: "interpolate" or "zero" for numbers that are missing; None refuses them.

    Raises:
        DataError: no such file, a name without `_tr_N_`, or a cell that cannot be read.
    """
    if (told := _TRAINED.search(Path(path).name)) is None:
        what = f"{Path(path).name!r} does not say how many points are trained on, as _tr_1875_ does"
        hint = "type dataset_name=csv_series label=Label train_points=, or rename the file"
        raise DataError(what, where="dataset_kwargs.path", hint=hint)
    return csv_series(
        split,
        path,
        label="Label",
        train_points=int(told[1]),
        tested=tested,
        window=window,
        stride=stride,
        val_share=val_share,
        missing=missing,
    )


def kdd_tsad_135(
    split: Split,
    train_points: Points = 1875,
    tested: Tested = "whole",
    window: Points = 100,
    stride: Points = 10,
    val_share: Share = 0.2,
) -> ArrayDataset | None:
    """Read KDD-TSAD_135 of the installed package aeon: 7,501 points, 12 of them an anomaly.

    Source: R. Wu and E. Keogh, "Current Time Series Anomaly Detection Benchmarks are Flawed and
    are Creating the Illusion of Progress", IEEE TKDE, 2021 (series 135 of their archive).

    Args:
        split: train, val or test.
        train_points: points from the beginning to train and validate on: 1,875 as in TSB-AD;
            the archive itself has 1,200.
        tested: the points to test on: the "whole" series, as TSB-AD scores it, or the "rest".
        window: points of a window.
        stride: points from the start of one window to that of the next.
        val_share: share of the training points, their end, to validate on.

    Raises:
        DataError: the package is not installed.
    """
    return csv_series(
        split,
        str(kdd_tsad_135_file()),
        columns=["value"],
        label="is_anomaly",
        train_points=train_points,
        tested=tested,
        window=window,
        stride=stride,
        val_share=val_share,
    )


def kdd_tsad_135_file() -> Path:
    """Return the path of the series in the package that is installed."""
    inside = "datasets/data/KDD-TSAD_135/135_UCR_Anomaly_InternalBleeding16_TEST.csv"
    where = "dataset_kwargs.dataset_name=kdd_tsad_135"
    return installed_path("aeon", inside, where=where, install="aeon")
