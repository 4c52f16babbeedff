"""Neighbours are counted and weighed as the papers say, by hand on a few numbers."""

import torch

from stride.models.detectors.neighbours import KNN, LOF

LINE = torch.tensor([0.0, 1.0, 3.0, 10.0]).reshape(4, 1, 1)


def test_the_distance_is_to_the_kth_neighbour() -> None:
    detector = KNN(2, normalize_snippets=False)
    assert detector.anomaly_scores(LINE).tolist() == [3, 2, 3, 9]
    detector = KNN(2, normalize_snippets=False, fit_on="train")
    detector.fit(LINE)
    assert detector.anomaly_scores(LINE).tolist() == [3, 2, 3, 9]
    assert detector.anomaly_scores(torch.tensor([[[4.0]]])).tolist() == [3]


def test_the_factor_is_the_density_about_neighbours_beside_the_own() -> None:
    # One neighbour each: reachabilities 1, 1, 2 and 7, so densities 1, 1, 1/2 and 1/7.
    factors = LOF(1, normalize_snippets=False).anomaly_scores(LINE)
    assert torch.allclose(factors, torch.tensor([1, 1, 2, 3.5], dtype=torch.float64))
