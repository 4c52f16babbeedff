"""A detector by the matrix profile of the series that samples are windows of."""

from importlib.util import find_spec

import numpy as np

from stride.errors import DataError, MissingExtra
from stride.models.detectors.detector import Detector, FitOn, Samples


class MatrixProfile(Detector):
    """Score samples (N, C, L) by the distance to the nearest stretch of L points elsewhere.

    Windows that overlap by half or more are put together to the series they were cut from, so that
    stretches between their starts are neighbours as well, and those within a quarter of L points
    are none.
    Of several channels it is the mean. Source: C.-C. M. Yeh et al., "Matrix Profile I", ICDM 2016;
    computed by stumpy (S. M. Law, JOSS 2019).

    Args:
        normalize_snippets: whether each stretch becomes its z-score before.
        fit_on: "evaluated": samples are compared with the rest of their own split; "train": with
            the training split, which is kept in the weights.

    Raises:
        MissingExtra: stumpy is not installed.
    """

    def __init__(self, normalize_snippets: bool = True, fit_on: FitOn = "evaluated") -> None:
        if find_spec("stumpy") is None:
            raise MissingExtra("stumpy", "baselines", where="model_kwargs.model_name")
        super().__init__(normalize_snippets=False, fit_on=fit_on)  # stretches are, in the profile
        self._of_shapes = normalize_snippets

    def compare(self, own: Samples, others: Samples) -> Samples:
        """Return the profile where each of `own` starts."""
        if own.shape[-1] < 3:
            what = f"a stretch of {own.shape[-1]} points has no shape"
            raise DataError(what, where="model_kwargs", hint="give windows of 3 points or more")
        series, starts = joined(own)
        beside = None if others is own else joined(others)[0]
        profiles = [
            self._profile(one, None if beside is None else beside[channel], own.shape[-1])[starts]
            for channel, one in enumerate(series)
        ]
        scores: Samples = np.mean(profiles, axis=0)
        if np.isfinite(scores).all():
            return scores
        what = f"no stretch of {own.shape[-1]} points lies elsewhere than a sample does"
        raise DataError(what, where="model_kwargs", hint="give longer series, or shorter windows")

    def _profile(self, series: Samples, beside: Samples | None, length: int) -> Samples:
        import stumpy  # type: ignore[import-untyped, import-not-found, unused-ignore]

        alone = beside is None
        found = stumpy.stump(
            series, length, T_B=beside, ignore_trivial=alone, normalize=self._of_shapes
        )
        distances: Samples = found[:, 0].astype(np.float64)
        return distances


def joined(samples: Samples) -> tuple[Samples, list[int]]:
    """Put windows (N, C, L) together, where the next one overlaps: (C, n), and where each starts.

    Between others there is a NaN, over which no stretch reaches. A short overlap may be chance: it
    has to be half of a window.
    """
    length = samples.shape[-1]
    starts = [0, *np.cumsum(_steps(samples)).tolist()]
    series = np.full((samples.shape[1], starts[-1] + length), np.nan)
    for start, sample in zip(starts, samples, strict=True):
        series[:, start : start + length] = sample
    return series, starts


def _steps(samples: Samples) -> Samples:
    """Return how many points lie between the start of each sample and that of the next."""
    length = samples.shape[-1]
    steps = np.full(len(samples) - 1, length + 1)
    for step in range(length // 2, 0, -1):
        overlap = (samples[:-1, :, step:] == samples[1:, :, : length - step]).all((1, 2))
        steps[overlap] = step
    return steps
