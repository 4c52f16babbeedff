"""The ROC curve of scores, in as many corners as can be drawn."""

import numpy as np
from numpy.typing import NDArray

from stride.metrics.detection.areas import Ranking
from stride.metrics.detection.labelled_scores import LabelledScores

MOST = 1000
"""Corners that are kept; between those of more the curve is drawn straight."""


def roc_curve(data: LabelledScores, most: int = MOST) -> NDArray[np.float64]:
    """Return the curve from (0, 0) to (1, 1) by its corners.

    Args:
        data: with both classes.
        most: corners that are kept, evenly, the first and the last among them.

    Returns:
        False- and true-positive rates, (2, k).
    """
    true, predicted = Ranking.of(data).positives()
    curve = np.stack([predicted - true, true])  # whole numbers: turns are exact
    steps = np.diff(curve)
    turns = np.flatnonzero(steps[0, 1:] * steps[1, :-1] != steps[1, 1:] * steps[0, :-1]) + 1
    corners = np.concatenate([[0], turns, [curve.shape[1] - 1]])
    if len(corners) > most:
        corners = corners[np.linspace(0, len(corners) - 1, most).astype(int)]
    kept: NDArray[np.float64] = curve[:, corners] / curve[:, -1:]
    return kept
