"""Hold a picture, and how splits and milestones look in all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from stride.benchmark.overview.epoch_errors import EpochErrors
from stride.figures import COLOURS, count_along

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, RED, GREEN, PINK, YELLOW = COLOURS[:5]
BLACK = COLOURS[6]
SPLIT_COLOURS = {"train": BLUE, "val": GREEN, "test": BLACK}
ANOMALOUS = RED
"""What is labelled as an anomaly, in all pictures."""
SMALL = "small"
"""The size of what stands beside numbers; ticks and titles of small panels too."""

_One = TypeVar("_One")


@dataclass(frozen=True)
class Picture:
    """A figure, and what is said of it.

    Attributes:
        name: of its files, without the end.
        title: what it is called.
        words: what it shows, for those who do not see it.
        figure: as matplotlib has it.
    """

    name: str
    title: str
    words: str
    figure: "Figure"


def lay_epochs_along(axes: "Axes", epochs: EpochErrors) -> None:
    """Make the lower axis that of the epochs, of which there may be a single one."""
    axes.set_xlabel("epoch")
    if len(epochs) == 1:
        axes.set_xlim(epochs.epochs[0] - 0.5, epochs.epochs[0] + 0.5)
    count_along(axes)


def line_of(epochs: EpochErrors, line: str = "-") -> str:
    """Return how a line over the epochs is drawn: as a point where it would have no length."""
    return f"o{line}" if len(epochs) == 1 else line


def evenly(things: Sequence[_One], most: int) -> list[_One]:
    """Return a few of many things in their order, evenly, the first and the last among them."""
    if len(things) <= most:
        return list(things)
    last = len(things) - 1
    return [things[round(last * part / (most - 1))] for part in range(most)]
