"""Sines are the same under the same seed, and their anomalies are where the labels say."""

import pytest
import torch

from stride.data.series.sines import sines
from stride.errors import DataError


def made(split="test", **options):
    found = sines(split, **options)
    return found.tensors[0], found.annotations["labels"]


def test_the_seed_decides_and_each_split_is_another_draw():
    assert torch.equal(made(data_seed=3)[0], made(data_seed=3)[0])
    assert not torch.equal(made(data_seed=3)[0], made(data_seed=4)[0])
    same = {"num_train": 8, "num_test": 8}
    assert not torch.equal(made("train", **same)[0], made("test", **same)[0])


def test_the_numbers_of_a_seed_are_pinned():
    values, labels = made(num_test=2, length=6, anomaly_length=3)
    first = [1.0248908, -0.0703049, -1.0084178, 0.2489684, 0.9352568, -0.5392868]
    second = [0.0342640, 0.9503329, 0.8545097, -0.4710139, -0.6395535, 0.8954566]
    assert torch.allclose(values[:, 0], torch.tensor([first, second]), atol=1e-5)
    assert labels.tolist() == [[False] * 6, [True] * 3 + [False] * 3]


def test_shapes_and_counts_are_as_asked_for():
    values, labels = made("train", num_train=10, channels=3, length=50)
    assert values.shape == (10, 3, 50) and values.dtype == torch.float32
    assert labels.shape == (10, 50) and labels.dtype == torch.bool
    assert sines("val", num_val=0) is None


def test_a_share_of_the_tested_samples_has_one_anomaly_each():
    assert not made("train")[1].any() and not made("val")[1].any()
    counts = made(num_test=40, anomaly_rate=0.3, anomaly_length=7)[1].sum(1)
    assert sorted(counts.tolist()) == [0] * 28 + [7] * 12
    assert made("val", num_val=40, train_anomaly_rate=0.25)[1].any(1).sum() == 10


def test_an_anomaly_is_blended_in_at_the_labelled_points_alone():
    options = {"channels": 2, "noise": 0.0}
    plain, _ = made(anomaly_strength=0.0, **options)
    mixed, labels = made(anomaly_strength=1.0, **options)
    half, _ = made(anomaly_strength=0.5, **options)
    changed = (plain != mixed).any(1)
    assert changed.any() and not changed[~labels].any()
    assert changed[labels].float().mean() > 0.99
    assert torch.allclose(half, (plain + mixed) / 2, atol=1e-6)


def test_blending_leaves_no_jump():
    options = {"noise": 0.0, "anomaly_frequency": 1.0, "num_test": 500, "anomaly_rate": 1.0}
    values, _ = made(anomaly_strength=1.0, **options)
    # The steepest sine has 5 periods and amplitude 1.5; the share of the other one has slopes too.
    assert (values.diff(dim=2).abs() < 2 * torch.pi * 5 / 128 * 1.5 + 3 * torch.pi / 33).all()


def test_noise_has_the_deviation_asked_for():
    clean, noisy = made(noise=0.0)[0], made(noise=0.2)[0]
    assert (noisy - clean).std() == pytest.approx(0.2, rel=0.02)


def test_an_anomaly_longer_than_a_sample_is_refused():
    with pytest.raises(DataError, match=r"anomaly_length=4$"):
        sines("train", length=16, anomaly_length=17)
