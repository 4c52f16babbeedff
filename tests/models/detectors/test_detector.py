"""A detector compares the samples of a split, or those of training, and keeps only the latter."""

from typing import Any

import pytest
import torch
from torch import Tensor

from stride.errors import DataError
from stride.models.detectors.isolation_forest import IsolationForest
from stride.models.detectors.neighbours import KNN, LOF

KINDS: list[Any] = [LOF, KNN, IsolationForest]


@pytest.mark.parametrize(("kind", "number"), [(LOF, 9), (KNN, 9), (IsolationForest, 100)])
def test_the_odd_sample_has_the_largest_score(kind: Any, number: int, samples: Tensor) -> None:
    torch.manual_seed(0)
    scores = kind(number, normalize_snippets=False).anomaly_scores(samples)
    assert scores.shape == (40,)
    assert scores.dtype == torch.float64
    assert scores.argmax() == 17


@pytest.mark.parametrize("kind", KINDS)
def test_of_the_training_split_nothing_but_the_others_counts(kind: Any, samples: Tensor) -> None:
    trained, others = kind(fit_on="train"), kind()
    trained.fit(samples)
    if kind is not IsolationForest:  # which draws its seed
        assert torch.equal(trained.anomaly_scores(samples), others.anomaly_scores(samples))
    # A score is of one sample and what is fitted: others beside it change nothing.
    more = torch.cat([samples[:5] + 0.01, 9 * samples[5:9]])
    few = trained.anomaly_scores(more)[:5]
    assert torch.allclose(few, trained.anomaly_scores(samples[:5] + 0.01), rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_the_weights_hold_what_was_fitted(kind: Any, samples: Tensor) -> None:
    torch.manual_seed(3)
    fitted = kind(fit_on="train")
    fitted.fit(samples)
    torch.manual_seed(3)
    loaded = kind(fit_on="train")
    loaded.load_state_dict(fitted.state_dict())
    asked = samples[:7] * 1.1
    assert torch.equal(loaded.anomaly_scores(asked), fitted.anomaly_scores(asked))
    assert not kind().state_dict()
    assert not [*fitted.parameters()]


def test_trees_are_drawn_by_the_seed_of_whoever_builds(samples: Tensor) -> None:
    def scores(seed: int) -> Tensor:
        torch.manual_seed(seed)
        return IsolationForest(n_estimators=5).anomaly_scores(samples)

    assert torch.equal(scores(0), scores(0))
    assert not torch.equal(scores(0), scores(1))


def test_a_z_score_forgets_height_and_size_of_each_channel(samples: Tensor) -> None:
    moved = samples.clone()
    moved[3] = 5 * moved[3] + 100
    moved[4, 0] = 7.0
    kept = KNN(3).anomaly_scores(moved)
    assert kept.isfinite().all()
    assert kept[3] < KNN(3, normalize_snippets=False).anomaly_scores(moved)[3] / 10
    assert torch.allclose(kept[3], KNN(3).anomaly_scores(torch.cat([samples[:4], moved[4:]]))[3])


@pytest.mark.parametrize("kind", [LOF, KNN])
def test_more_neighbours_than_samples_are_all(kind: Any, samples: Tensor) -> None:
    few = samples[:4]
    assert torch.equal(kind(1000).anomaly_scores(few), kind(3).anomaly_scores(few))


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_to_compare_with_is_refused(kind: Any, samples: Tensor) -> None:
    with pytest.raises(DataError, match="compares with 1 samples, and needs 2"):
        kind().anomaly_scores(samples[:1])
    with pytest.raises(DataError, match="compares with 0 samples"):
        kind(fit_on="train").anomaly_scores(samples)


def test_outputs_are_zeros(samples: Tensor) -> None:
    assert torch.equal(LOF()(samples), torch.zeros(40, 2, 16))
