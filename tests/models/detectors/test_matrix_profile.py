"""The matrix profile of windows is that of the series they were cut from."""

import sys

import numpy as np
import pytest
import torch
from torch import Tensor

from stride.errors import DataError, MissingExtra
from stride.models.detectors.matrix_profile import MatrixProfile, joined


def windows(series: Tensor, length: int, step: int) -> Tensor:
    """Return windows (N, C, length) of a series (C, n), one more at its end."""
    cut = series.unfold(1, length, step).movedim(0, 1)
    last = series[None, :, -length:]
    return cut if torch.equal(cut[-1], last[0]) else torch.cat([cut, last])


@pytest.mark.parametrize("step", [1, 3, 4, 7, 8])
def test_windows_are_put_together_as_they_were_cut(step: int) -> None:
    series = torch.randn(2, 50, generator=torch.Generator().manual_seed(0))
    found, starts = joined(windows(series, 8, step).numpy())
    if step > 4:  # they overlap by chance, if at all, and are taken for samples of their own
        assert starts[:4] == [0, 9, 18, 27]
        assert np.isnan(found[:, 8::9][:, :3]).all()
    else:
        assert starts == sorted({*range(0, 43, step), 42})
        assert np.array_equal(found, series.numpy())


def test_samples_of_their_own_are_apart() -> None:
    samples = torch.randn(3, 1, 4, generator=torch.Generator().manual_seed(0)).numpy()
    found, starts = joined(samples)
    assert starts == [0, 5, 10]
    assert np.isnan(found).sum() == 2
    assert joined(samples[:1])[1] == [0]


def test_without_stumpy_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "stumpy", None)
    monkeypatch.setattr("stride.models.detectors.matrix_profile.find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"'stumpy' is not installed .*baselines"):
        MatrixProfile()


@pytest.mark.filterwarnings("ignore:The window size:UserWarning")
@pytest.mark.slow  # stumpy compiles for 20 s
def test_the_profile_is_the_distance_to_the_nearest_stretch_elsewhere(samples: Tensor) -> None:
    pytest.importorskip("stumpy")
    series = torch.randn(2, 60, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    cut = windows(series, 8, 4)
    scores = MatrixProfile().anomaly_scores(cut)
    assert torch.allclose(scores, nearest(series, series, 2)[::4][: len(cut)], rtol=1e-6)
    assert MatrixProfile(normalize_snippets=False).anomaly_scores(samples).argmax() == 17
    trained = MatrixProfile(fit_on="train")
    trained.fit(cut)
    assert torch.equal(trained.anomaly_scores(cut), scores)
    other = torch.randn(2, 20, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    found = trained.anomaly_scores(windows(other, 8, 4))
    assert torch.allclose(found, nearest(other, series, -1)[::4], rtol=1e-6)
    with pytest.raises(DataError, match="no stretch of 8 points lies elsewhere"):
        MatrixProfile().anomaly_scores(windows(series[:, :10], 8, 1))


def nearest(series: Tensor, others: Tensor, excluded: int) -> Tensor:
    """Return how far each stretch of 8 points is from the nearest, the mean over channels."""

    def stretches(one: Tensor) -> Tensor:
        cut = one.unfold(1, 8, 1)
        deviation, mean = torch.std_mean(cut, -1, correction=0, keepdim=True)
        return (cut - mean) / deviation

    distances = torch.cdist(stretches(series), stretches(others))
    apart = torch.arange(series.shape[1] - 7)[:, None] - torch.arange(others.shape[1] - 7)
    distances[:, apart.abs() <= excluded] = torch.inf
    return distances.amin(2).mean(0)
