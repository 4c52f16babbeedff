"""Average numbers of the steps, weighted by what the steps are means of."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from stride.distributed import gather

# As checkpoints have called them since there was nothing but losses to average.
_KEYS = ("epoch_loss", "epoch_size", "report_loss", "report_size")


class Average:
    """The sums of one number over an epoch and since the last report, of this process.

    Args:
        sums: weighted sum and sum of weights of the epoch, then both since the last report.
    """

    def __init__(self, sums: Iterable[float] = (0.0, 0, 0.0, 0)) -> None:
        self.sums = [*sums]

    def add(self, values: Iterable[float], sizes: Iterable[float]) -> None:
        """Add numbers with their weights; one of weight 0 counts nothing."""
        epoch, epoch_size, report, report_size = self.sums
        # One by one: the sums have the same bits however often the numbers were read meanwhile.
        for value, size in zip(values, sizes, strict=True):
            weighted = value * size if size else 0.0
            epoch += weighted
            report += weighted
            epoch_size += size
            report_size += size
        self.sums = [epoch, epoch_size, report, report_size]

    def begin_report(self) -> None:
        """Begin the sums since the last report."""
        self.sums[2:] = [0.0, 0]

    def state_dict(self) -> dict[str, float]:
        """Return the sums by name."""
        return dict(zip(_KEYS, self.sums, strict=True))

    @classmethod
    def from_states(cls, states: Sequence[Mapping[str, float]]) -> Self:
        """Return the sums of several processes together."""
        return cls(sum(state[key] for state in states) for key in _KEYS)


def sums_over_ranks(own: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """Return by name the sums of all ranks, each added in the order of the ranks.

    Every rank has to ask, and gets the same bits; one may lack a name that others have.
    """
    total: dict[str, list[float]] = {}
    for table in gather({name: [*sums] for name, sums in own.items()}):
        for name, sums in table.items():
            before = total.get(name, [0.0] * len(sums))
            total[name] = [a + b for a, b in zip(before, sums, strict=True)]
    return total


def means(sums: Mapping[str, Sequence[Any]]) -> dict[str, float]:
    """Return by name the quotient of sum and weight; what has no weight is left out."""
    return {name: total / size for name, (total, size) in sums.items() if size}
