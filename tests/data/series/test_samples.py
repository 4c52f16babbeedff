"""Series become samples: filled, averaged, cut into windows that keep their points' labels."""

import numpy as np
import pytest
import torch

from stride.data.cells.column import TableRows
from stride.data.series.missing import fill_missing
from stride.data.series.modifiers import Modifiers
from stride.data.series.parts import training_part
from stride.data.series.samples import Preparation, Windows, whole_samples
from stride.data.series.series import Series, check_labels
from stride.errors import DataError

NAN = np.nan


def series(*channels, labels=(), first_line=2, number=0):
    values = np.array(channels, dtype=np.float64)
    rows = TableRows("s.csv", "line", np.arange(values.shape[1]) + first_line)
    told = {"labels": np.array(labels, dtype=bool)} if labels else {}
    return Series(values, rows, told, number=number)


def refused(call, *args):
    with pytest.raises(DataError) as caught:
        call(*args)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_windows_cover_every_point_and_say_where_they_begin():
    one = series([0, 1, 2, 3, 4, 5, 6], labels=[0, 0, 0, 0, 1, 0, 0])
    found = Windows(3, 2).cut([one, series([7, 8, 9, 10], labels=[1, 0, 0, 0], number=1)], TRAIN)
    assert found.tensors[0].tolist() == [
        [[0, 1, 2]], [[2, 3, 4]], [[4, 5, 6]], [[7, 8, 9]], [[8, 9, 10]]
    ]  # fmt: skip
    assert found.annotations["labels"].tolist() == [
        [0, 0, 0], [0, 0, 1], [1, 0, 0], [1, 0, 0], [0, 0, 0]
    ]  # fmt: skip
    assert found.annotations["series"].tolist() == [0, 0, 0, 1, 1]
    assert found.annotations["start"].tolist() == [0, 2, 4, 0, 1]


TRAIN = Preparation("train")


def test_windows_of_a_part_are_numbered_in_the_whole_series():
    found = Windows(2, 5).cut([series([*range(10)]).part(4, 8)], TRAIN)
    assert found.annotations["start"].tolist() == [4, 6]
    assert found.tensors[0].tolist() == [[[4, 5]], [[6, 7]]]


def test_a_part_shorter_than_a_window_is_refused():
    assert refused(Windows(4, 1).cut, [series([1, 2, 3])], Preparation("val")) == (
        "3 points in the val split, where a window has 4 (s.csv); type a smaller "
        "dataset_kwargs.window, or give that split more points"
    )


def test_training_and_validation_share_no_point():
    one = series([*range(10)])
    (train,), (val,) = (training_part(one, split, 0.3) for split in ("train", "val"))
    assert train.values.tolist() == [[*range(7)]] and val.values.tolist() == [[7, 8, 9]]
    assert val.rows.place(0) == "s.csv, line 9"
    assert training_part(one, "val", 0.0) == []


def test_ragged_series_are_refused_or_resampled():
    ragged = [series([0, 1, 2]), series([0, 1, 2, 3, 4], first_line=7)]
    assert refused(whole_samples, ragged, TRAIN) == (
        "a series of 5 points, where the first has 3 (s.csv, line 7); type "
        "dataset_kwargs.resample=3, which gives each so many points"
    )
    found = whole_samples(ragged, Preparation("train", None, Modifiers(resample=3)))
    assert found.tensors[0].tolist() == [[[0, 1, 2]], [[0, 2, 4]]]


def test_series_of_other_channels_are_refused():
    text = refused(whole_samples, [series([1, 2]), series([1, 2], [3, 4], first_line=5)], TRAIN)
    assert text.startswith("2 channels, where the first series has 1 (s.csv, line 5)")


def test_resampled_labels_keep_every_anomaly():
    one = series([0.0] * 9, labels=[0, 0, 0, 0, 1, 0, 0, 0, 1])
    found = whole_samples([one], Preparation("test", None, Modifiers(resample=3)))
    assert found.annotations["labels"].tolist() == [[0, 1, 1]]
    longer = whole_samples([series([0, 3])], Preparation("test", None, Modifiers(resample=4)))
    assert longer.tensors[0].tolist() == [[[0, 1, 2, 3]]]


def test_resampled_windows_have_no_points_of_their_series_to_begin_at():
    """Their points lie between those of the series, and in other places in each window."""
    one = series([*range(9)])
    for points, names in ((4, {"series"}), (5, {"series", "start"})):
        found = Windows(5, 2).cut([one], Preparation("test", None, Modifiers(resample=points)))
        assert found.annotations.keys() == names


def test_a_missing_number_is_refused_with_its_line_or_filled():
    one = series([1, 2, 3, 4, 5], [NAN, 2, NAN, 8, NAN])
    assert refused(fill_missing, one, None) == (
        "a number is missing, 3 in all (s.csv, line 2, channel 2); type "
        "dataset_kwargs.missing=interpolate, or missing=zero"
    )
    assert fill_missing(one, "zero").values[1].tolist() == [0, 2, 0, 8, 0]
    assert fill_missing(one, "interpolate").values.tolist() == [[1, 2, 3, 4, 5], [2, 2, 5, 8, 8]]


def test_a_channel_without_numbers_is_not_interpolated():
    text = refused(fill_missing, series([1, 2], [NAN, NAN]), "interpolate")
    assert "s.csv, line 2, channel 2" in text and "missing=zero" in text


@pytest.mark.parametrize("number", [np.inf, -np.inf, 1e39])
def test_numbers_beyond_float32_are_refused(number):
    text = refused(fill_missing, series([NAN, number]), "zero")
    assert "infinite, or too large for float32 (s.csv, line 3, channel 1)" in text


def test_a_moving_average_takes_what_there_is_at_the_ends():
    changed = Modifiers(moving_average=3).change(series([1, 2, 6, 10], [0, 0, 3, 0]), "train")
    assert changed.values.tolist() == [[1.5, 3, 6, 8], [0, 1, 1, 1.5]]


def noise(seed, split, number):
    zeros = series([0.0] * 4000, number=number)
    return Modifiers(noise=0.5, noise_seed=seed).change(zeros, split).values[0]


def test_noise_depends_on_seed_split_and_series_alone():
    first = noise(0, "train", 0)
    assert first.std() == pytest.approx(0.5, rel=0.05)
    assert np.array_equal(first, noise(0, "train", 0))
    for other in (noise(1, "train", 0), noise(0, "val", 0), noise(0, "train", 1)):
        assert abs(np.corrcoef(first, other)[0, 1]) < 0.1


def test_labels_are_0_or_1():
    rows = TableRows("l.txt", "line", np.array([1, 2, 4]))
    assert check_labels(np.array([0.0, 1.0, 0.0]), rows).tolist() == [0, 1, 0]
    for wrong, said in ((2.0, "2"), (NAN, "nan")):
        text = refused(check_labels, np.array([0, 1, wrong]), rows)
        assert text.startswith(f"the label {said} is neither 0 nor 1 (l.txt, line 4)")


def test_annotations_follow_every_choice_of_samples():
    found = Windows(2, 1).cut([series([0, 1, 2, 3], labels=[0, 1, 0, 0])], TRAIN)
    chosen = found.select(torch.tensor([2, 0, 0])).select(torch.tensor([1, 2, 0]))
    assert chosen.annotations["start"].tolist() == [0, 0, 2]
    assert chosen.annotations["labels"].tolist() == [[0, 1], [0, 1], [0, 0]]
    assert [*map(len, found.annotations.values())] == [3, 3, 3]
