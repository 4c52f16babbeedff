"""Say how large and how often to measure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Choose between measuring in earnest and trying whether everything runs.

    Attributes:
        quick: whether sizes and repeats are the least that works; the figures mean nothing then.
    """

    quick: bool = False

    def of(self, full: int, quick: int = 1) -> int:
        """Return a size or number of repeats."""
        return quick if self.quick else full
