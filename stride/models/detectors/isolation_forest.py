"""A detector by random trees."""

from typing import Annotated

import torch
from pydantic import Field

from stride.models.detectors.detector import Detector, FitOn, Samples, rows


class IsolationForest(Detector):
    """Score samples (N, C, L) by how few random splits set them apart.

    The trees are drawn by the model's seed. Source: F. T. Liu, K. M. Ting and Z.-H. Zhou,
    "Isolation Forest", ICDM 2008; computed by scikit-learn.

    Args:
        n_estimators: how many trees, each of 256 samples or all.
        normalize_snippets: whether each channel of a sample becomes its z-score before.
        fit_on: "evaluated": samples are compared with the others of their own split; "train":
            with the training split, which is kept in the weights.
    """

    def __init__(
        self,
        n_estimators: Annotated[int, Field(ge=1)] = 150,
        normalize_snippets: bool = True,
        fit_on: FitOn = "evaluated",
    ) -> None:
        super().__init__(normalize_snippets, fit_on)
        self._trees = n_estimators
        self._seed = int(torch.randint(2**31 - 1, ()))  # whoever builds networks seeds them

    def compare(self, own: Samples, others: Samples) -> Samples:
        """Return 2^-(mean depth at which a sample is alone / that of a random one)."""
        from sklearn import ensemble  # type: ignore[import-untyped]

        forest = ensemble.IsolationForest(n_estimators=self._trees, random_state=self._seed)
        scores: Samples = -forest.fit(rows(others)).score_samples(rows(own))
        return scores
