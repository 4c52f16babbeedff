"""A point may score what the window with the nearest center does."""

import torch

from stride.trainers.reconstruction.stitching import Stitching


def test_a_point_scores_what_the_window_with_the_nearest_center_does() -> None:
    # Windows of 4 points from 0, 4 and 5: their centers are points 2, 6 and 7.
    annotations = {"series": torch.tensor([0, 0, 1, 0]), "start": torch.tensor([4, 0, 0, 5])}
    scores = torch.tensor([10.0, 20.0, 30.0, 40.0])[:, None].expand(-1, 4)
    first, second = Stitching.each(annotations, 4, centered=True)
    assert first.scores(scores).tolist() == [20, 20, 20, 20, 20, 10, 10, 40, 40]
    assert second.scores(scores).tolist() == [30] * 4
    mean, _ = Stitching.each(annotations, 4)
    assert mean.scores(scores).tolist() == [20, 20, 20, 20, 10, 25, 25, 25, 40]


def test_at_every_start_the_ends_are_padded_as_tsb_ad_does() -> None:
    length, windows = 5, 8
    annotations = {"series": torch.zeros(windows).long(), "start": torch.arange(windows)}
    scores = torch.arange(windows).float()
    [one] = Stitching.each(annotations, length, centered=True)
    before, after = -(-(length - 1) // 2), (length - 1) // 2
    padded = [0.0] * before + scores.tolist() + [scores[-1].item()] * after
    assert one.scores(scores[:, None].expand(-1, length)).tolist() == padded
