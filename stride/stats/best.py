"""Compare several settings with the best of them, over the seeds that both have."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from stride.stats.intervals import LEVEL
from stride.stats.moments import mean
from stride.stats.paired import Mode, Pair, Paired, differences

Standing = Literal["best", "behind", "unclear"]


class Ranked(NamedTuple):
    """Hold where one setting stands among several.

    Attributes:
        place: of the setting, as they were given.
        standing: "best" has the best mean, "behind" is surely not the best, the others may be.
        against_best: its values minus those of the best; None of the best itself.
    """

    place: int
    standing: Standing
    against_best: Paired | None


def ranked(settings: Sequence[Mapping[Pair, float]], mode: Mode) -> list[Ranked]:
    """Return settings by their means, the best first, each compared with the best.

    The intervals of the differences are widened to hold together (Bonferroni): so a setting that
    is the best in truth is called "behind" in no more than 5 of 100 cases, whichever looks best.

    Source: Hsu, Multiple Comparisons (1996), chapter 4: multiple comparisons with the best.

    Args:
        settings: of each, values by seed; one at least.
        mode: which way is better.
    """
    sign = -1.0 if mode == "max" else 1.0
    means = [sign * mean(list(values.values())) for values in settings]
    best, *others = sorted(range(len(settings)), key=means.__getitem__)
    level = 1 - (1 - LEVEL) / max(1, len(others))
    rows = [Ranked(best, "best", None)]
    for place in others:
        against = Paired.of(differences(settings[place], settings[best]), level)
        behind = against.verdict(mode) == "worse"
        rows.append(Ranked(place, "behind" if behind else "unclear", against))
    return rows
