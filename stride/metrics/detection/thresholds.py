"""Choose a threshold on one set of labelled scores, to apply it to another."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np

from stride.errors import DataError
from stride.metrics.detection.areas import Ranking
from stride.metrics.detection.labelled_scores import Flags, Floats, LabelledScores


@dataclass(frozen=True)
class Threshold:
    """The lowest score that counts as an alarm.

    Attributes:
        value: the score; NaN where there is none.
        reason: why there is none; empty where there is one.
    """

    value: float
    reason: str = ""

    def apply(self, scores: Floats) -> Flags:
        """Return which scores (n,) are alarms."""
        return scores >= self.value


class ThresholdRule(ABC):
    """How a threshold follows from labelled scores; `str` says it in words."""

    @abstractmethod
    def choose(self, data: LabelledScores) -> Threshold:
        """Return the threshold by these scores and labels."""


@final
@dataclass(frozen=True)
class BestF1(ThresholdRule):
    """The threshold with the best F1 of points or snippets; of several, the highest."""

    def __str__(self) -> str:
        """Say it in words."""
        return "best F1"

    def choose(self, data: LabelledScores) -> Threshold:
        """Return one of the scores; NaN where a class does not occur."""
        if data.undefined:
            return Threshold(np.nan, f"{data.undefined} in the validation set")
        ranking = Ranking.of(data)
        true, predicted = ranking.positives()
        best = int(np.argmax(2 * true / (predicted + true[-1])))
        return Threshold(float(data.scores[ranking.order[ranking.cuts[best] - 1]]))


@final
@dataclass(frozen=True)
class FalsePositiveRate(ThresholdRule):
    """The lowest threshold at which no larger share of what is normal is an alarm.

    Attributes:
        rate: from 0 to 1, without 1.
    """

    rate: float

    def __post_init__(self) -> None:
        """Refuse what is not such a rate."""
        if not 0 <= self.rate < 1:
            raise DataError(
                f"rate={self.rate} is not a share from 0 to 1, without 1",
                where="FalsePositiveRate",
                hint="type FalsePositiveRate(0.01) for one false alarm in 100 normal points",
            )

    def __str__(self) -> str:
        """Say it in words."""
        return f"false positive rate at most {self.rate:g}"

    def choose(self, data: LabelledScores) -> Threshold:
        """Return the number right above a score of what is normal; labels may be all 0."""
        normal = np.sort(data.scores[~data.labels])[::-1]
        if not len(normal):
            return Threshold(np.nan, f"{data.undefined} in the validation set")
        allowed = int(self.rate * len(normal) + 1e-9)  # 0.29 * 100 is a little less than 29
        return Threshold(float(np.nextafter(normal[allowed], np.inf)))
