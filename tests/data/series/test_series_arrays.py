"""Arrays of a program are read split by split, and refused with what to do."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from stride.data.series.series_arrays import series_arrays
from stride.errors import DataError

SERIES = np.arange(12.0).reshape(3, 2, 2)


def written(folder: Path, **arrays: Any) -> str:
    """Write an NPZ file; `__` in a name stands for a slash."""
    path = folder / "d.npz"
    np.savez(path, **{name.replace("__", "/"): one for name, one in arrays.items()})
    return str(path)


def test_each_split_has_its_series_and_annotations(tmp_path: Path) -> None:
    labels = [[0, 1], [0, 0], [1, 1]]
    path = written(
        tmp_path,
        train__inputs=SERIES,
        test__inputs=SERIES + 1,
        test__labels=labels,
        test__start=[1, 2, 3],
    )
    train, test = series_arrays("train", path), series_arrays("test", path)
    assert train is not None and test is not None and series_arrays("val", path) is None
    assert torch.equal(train.tensors[0], torch.tensor(SERIES).float()) and not train.annotations
    assert test.annotations["labels"].int().tolist() == labels
    assert test.annotations["labels"].dtype == torch.bool
    assert test.annotations["start"].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"inputs": SERIES}, "it holds inputs, and no train/inputs"),
        ({"train__inputs": SERIES[0]}, r"the shape \(N, channels, points\)"),
        ({"train__inputs": SERIES + np.inf}, "series 0 has inf at point 0 of channel 0"),
        ({"train__inputs": SERIES, "train__labels": [[0, 3]] * 3}, "the label 3 of series 0"),
        ({"train__inputs": SERIES, "train__labels": [[0, 1]]}, r"their series want \(3, 2\)"),
        ({"train__inputs": SERIES, "train__of": [1]}, "there are 3 series"),
        ({"train__inputs": SERIES, "train__of": ["a", "b", "c"]}, "does not hold numbers"),
    ],
)
def test_what_is_wrong_is_refused(tmp_path: Path, arrays: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        series_arrays("train", written(tmp_path, **arrays))
