"""Synthetic drift: a dataset whose samples move from one domain to another.

    HardSwitch(at)       all of the first domain, then, from one sample on, all of the second
    Ramp(start, stop)    the second domain becomes more likely from sample to sample
    RandomMix(chance)    either domain by chance, with the same odds for every sample
    Static(which)        one domain throughout: what a trigger must not fire on

Sample i of the stream is sample i of the domain that it comes from. Which one that is follows from
i and the seed alone: not from what was read before, nor from the process that reads it.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from torch.utils.data import Dataset

from stride.data.data_info import most_classes
from stride.data.samples import SampleDataset, as_source
from stride.data.seeding import mix
from stride.errors import DataError

_CHANCES = 2**64  # what `mix` gives is below


class Schedule(Protocol):
    """The protocol of a drift schedule."""

    def share(self, index: int) -> float:
        """Return how likely sample `index` is of the second domain, from 0 to 1."""


@dataclass(frozen=True)
class HardSwitch:
    """Switch to the second domain at sample `at`."""

    at: int

    def share(self, index: int) -> float:
        """Return 0 before the switch and 1 from it on."""
        return float(index >= self.at)


@dataclass(frozen=True)
class Ramp:
    """Raise the second domain's probability linearly from 0 at `start` to 1 at `stop`."""

    start: int
    stop: int

    def __post_init__(self) -> None:
        if self.stop <= self.start:
            what = f"a ramp from {self.start} to {self.stop} does not rise"
            raise DataError(what, where="Ramp", hint="give the sample at which it begins first")

    def share(self, index: int) -> float:
        """Return how much of the ramp is behind the sample."""
        return min(1.0, max(0.0, (index - self.start) / (self.stop - self.start)))


@dataclass(frozen=True)
class RandomMix:
    """Draw every sample from the second domain with the same probability."""

    chance: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.chance <= 1:
            what = f"chance={self.chance} is not a probability"
            raise DataError(what, where="RandomMix", hint="give a number from 0 to 1")

    def share(self, index: int) -> float:
        """Return the chance."""
        return self.chance


@dataclass(frozen=True)
class Static:
    """Draw all samples from one domain, 0 or 1: no drift."""

    which: int = 0

    def __post_init__(self) -> None:
        if self.which not in (0, 1):
            what = f"which={self.which} is not a domain"
            raise DataError(what, where="Static", hint="type 0 or 1")

    def share(self, index: int) -> float:
        """Return 0 for the first domain, 1 for the second."""
        return float(self.which)


class DriftingDataset(Dataset[Any]):
    """A map-style dataset that takes each sample from one of two datasets.

    Attributes:
        domains: the two datasets.
        schedule: how likely the second is at each sample.
        seed: what chance depends on.
    """

    def __init__(
        self, first: Any, second: Any, schedule: Schedule, *, length: int = 0, seed: int = 0
    ) -> None:
        """Take two datasets with __getitem__ and __len__.

        Args:
            first: domain 0.
            second: domain 1.
            schedule: how likely the second is at each sample.
            length: samples of the stream; a domain that has fewer begins again. 0: as many as the
                shorter domain has, so that no sample comes twice.
            seed: what chance depends on.

        Raises:
            DataError: a domain is empty, or the length negative.
        """
        self.domains, self.schedule, self.seed = (first, second), schedule, seed
        self._sizes = (len(first), len(second))
        self._length = length or min(self._sizes)
        if not all(self._sizes) or self._length < 0:
            raise DataError(
                f"domains of {self._sizes[0]} and {self._sizes[1]} samples make no stream of "
                f"{self._length}",
                where="DriftingDataset",
                hint="give two datasets that have samples, and a length from 1 on",
            )

    def domain(self, index: int) -> int:
        """Return 0 or 1, the domain of sample `index`."""
        return int(mix(self.seed, index) < self.schedule.share(index) * _CHANCES)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Any:
        if not 0 <= index < self._length:
            raise IndexError(f"there is no sample {index} among {self._length}")
        domain = self.domain(index)
        return self.domains[domain][index % self._sizes[domain]]

    @property
    def classes(self) -> tuple[str, ...]:
        """Return the class names of the first domain."""
        return SampleDataset(self.domains[0]).classes

    @property
    def num_classes(self) -> int | None:
        """Return the larger number of classes of the two domains, None where unknown."""
        return most_classes(as_source(one, "DriftingDataset") for one in self.domains)
