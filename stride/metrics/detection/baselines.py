"""Scores that need no model: what a score has to beat."""

from typing import Literal

import numpy as np

from stride.errors import DataError
from stride.metrics.detection.labelled_scores import Floats, LabelledScores

Unit = Literal["point", "snippet"]

RANDOM, MAGNITUDE = "random", "mean |x|"


def baselines(data: LabelledScores, unit: Unit, seed: tuple[int, int]) -> dict[str, LabelledScores]:
    """Return the random score and, where there are inputs, the mean |x|.

    Args:
        data: whose labels and inputs are used, not its scores.
        unit: what a score is of.
        seed: of the random score.

    Raises:
        DataError: inputs that do not fit the scores.
    """
    noise = np.random.default_rng(seed).random(len(data.scores))
    found = {RANDOM: data.scored_by(noise)}
    if data.inputs.size:
        found[MAGNITUDE] = data.scored_by(_magnitude(data.inputs, unit, len(data.scores)))
    return found


def _magnitude(inputs: Floats, unit: Unit, count: int) -> Floats:
    """Return the mean |x| of each point over the channels, or of each snippet over all of it."""
    rows = inputs.reshape(-1, inputs.shape[-1]).T if unit == "point" else inputs
    fits = inputs.ndim <= 2 or unit == "snippet" or (inputs.ndim == 3 and len(inputs) == 1)
    if not fits or len(rows) != count:
        wanted = "(n,), (channels, n) or (1, channels, n)" if unit == "point" else "(n, ...)"
        raise DataError(
            f"inputs have the shape {inputs.shape}, not {wanted} for n = {count} scores",
            where="inputs",
            hint='give unit="snippet" where a score is of a whole snippet, "point" of a point',
        )
    means: Floats = np.abs(rows).reshape(count, -1).mean(axis=1)
    return means
