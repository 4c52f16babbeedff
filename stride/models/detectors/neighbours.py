"""Detectors by the nearest neighbours of a sample."""

from typing import Annotated

from pydantic import Field

from stride.models.detectors.detector import Detector, FitOn, Samples, rows

Neighbours = Annotated[int, Field(ge=1)]


class LOF(Detector):
    """Score samples (N, C, L) by their local outlier factor, with Euclidean distances.

    It is the density about a sample beside that about its neighbours. Source: M. Breunig et al.,
    "LOF: Identifying Density-Based Local Outliers", SIGMOD 2000; computed by scikit-learn.

    Args:
        n_neighbors: how many neighbours make a density; all, where there are fewer.
        normalize_snippets: whether each channel of a sample becomes its z-score before.
        fit_on: "evaluated": samples are compared with the others of their own split; "train":
            with the training split, which is kept in the weights.
    """

    def __init__(
        self,
        n_neighbors: Neighbours = 30,
        normalize_snippets: bool = True,
        fit_on: FitOn = "evaluated",
    ) -> None:
        super().__init__(normalize_snippets, fit_on)
        self._neighbours = n_neighbors

    def compare(self, own: Samples, others: Samples) -> Samples:
        """Return the factors: about 1 where a neighbourhood is as dense as those of its samples."""
        from sklearn.neighbors import LocalOutlierFactor  # type: ignore[import-untyped]

        itself = others is own
        number = min(self._neighbours, len(others) - 1)
        factor = LocalOutlierFactor(n_neighbors=number, novelty=not itself).fit(rows(others))
        normality = factor.negative_outlier_factor_ if itself else factor.score_samples(rows(own))
        scores: Samples = -normality
        return scores


class KNN(Detector):
    """Score samples (N, C, L) by the Euclidean distance to their k-th nearest neighbour.

    Source: S. Ramaswamy, R. Rastogi and K. Shim, "Efficient Algorithms for Mining Outliers from
    Large Data Sets", SIGMOD 2000; computed by scikit-learn.

    Args:
        n_neighbors: k; the farthest, where there are fewer.
        normalize_snippets: whether each channel of a sample becomes its z-score before.
        fit_on: "evaluated": samples are compared with the others of their own split; "train":
            with the training split, which is kept in the weights.
    """

    def __init__(
        self,
        n_neighbors: Neighbours = 50,
        normalize_snippets: bool = True,
        fit_on: FitOn = "evaluated",
    ) -> None:
        super().__init__(normalize_snippets, fit_on)
        self._neighbours = n_neighbors

    def compare(self, own: Samples, others: Samples) -> Samples:
        """Return the distances."""
        from sklearn.neighbors import NearestNeighbors

        itself = others is own
        number = min(self._neighbours, len(others) - itself)
        found = NearestNeighbors(n_neighbors=number).fit(rows(others))
        distances, _ = found.kneighbors(None if itself else rows(own))
        farthest: Samples = distances[:, -1]
        return farthest
