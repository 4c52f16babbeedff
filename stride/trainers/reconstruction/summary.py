"""Say in a few numbers what the samples of a split score."""

import math

import numpy as np
import torch
from torch import Tensor

from stride.metrics.detection import LabelledScores
from stride.metrics.detection.areas import Ranking, areas, areas_of_errors
from stride.trainers.reconstruction.scoring import Scores
from stride.trainers.reconstruction.splits import MeasuredSplit


def summary(split: MeasuredSplit, scores: Scores) -> dict[str, float]:
    """Return mean and deviation of each error, and the areas: NaN where they are not defined."""
    found: dict[str, float] = {}
    for name, values in scores.errors.items():
        exact = values.double()
        found |= {name: exact.mean().item(), f"{name}_std": exact.std(correction=0).item()}
    points, samples = _areas_of_points(split, scores), _areas(scores.samples, split.anomalous)
    found |= dict(zip(("roc_auc", "pr_auc"), points, strict=True))
    return found | dict(zip(("snippet_roc_auc", "snippet_pr_auc"), samples, strict=True))


def _areas_of_points(split: MeasuredSplit, scores: Scores) -> tuple[float, float]:
    """Return the areas of points: the mean over series that are stitched, else of all pooled."""
    if not split.ranks:
        return math.nan, math.nan
    each = map(_areas, split.points(scores.points), split.point_labels)
    known = [pair for pair in each if not math.isnan(pair[0])]
    if not known:
        return math.nan, math.nan
    roc, pr = np.mean(known, axis=0).tolist()
    return roc, pr


def _areas(scores: Tensor, labels: Tensor | None) -> tuple[float, float]:
    if labels is None or labels.all() or not labels.any():
        return math.nan, math.nan
    values, flags = scores.numpy(), labels.numpy()
    if scores.amin() >= 0 or not torch.isfinite(scores).all():
        return areas_of_errors(values, flags)
    roc, pr = areas(*Ranking.of(LabelledScores.of(values, flags)).positives())
    return float(roc), float(pr)
