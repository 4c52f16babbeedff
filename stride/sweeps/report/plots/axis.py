"""Lay the values that trials have of a key along an axis, in the scale of its range."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from optuna.distributions import BaseDistribution, CategoricalDistribution

from stride.tables.words import number, setting

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LONGEST = 16  # characters of a label
_TICKS = 4


@dataclass(frozen=True)
class Axis:
    """The axis of one key.

    Attributes:
        title: how the key is called.
        kind: its range or choices.
    """

    title: str
    kind: BaseDistribution

    @property
    def log(self) -> bool:
        """Tell whether its scale is that of logarithms."""
        return bool(getattr(self.kind, "log", False))

    @property
    def choices(self) -> list[str]:
        """Return how its choices are called, none of a range."""
        if not isinstance(self.kind, CategoricalDistribution):
            return []
        return [_short(setting(one)) for one in self.kind.choices]

    @property
    def ends(self) -> tuple[float, float]:
        """Return the coordinates at which it begins and ends."""
        if self.choices:
            return 0.0, len(self.choices) - 1.0
        return float(self.kind.low), float(self.kind.high)  # type: ignore[attr-defined]

    def coordinate(self, value: Any) -> float:
        """Return where a value is: the number, or the place of a choice."""
        return self.kind.to_internal_repr(value)

    def share(self, coordinate: float) -> float:
        """Return which part of the way along the axis a coordinate is, 0 to 1."""
        low, high = map(self._scaled, self.ends)
        return (self._scaled(coordinate) - low) / (high - low) if low < high else 0.5

    def _scaled(self, coordinate: float) -> float:
        return math.log(coordinate) if self.log else coordinate

    def ticks(self) -> list[tuple[float, str]]:
        """Return a few coordinates, and how they are called."""
        if self.choices:
            return [(float(place), name) for place, name in enumerate(self.choices)]
        from matplotlib.ticker import LogLocator, MaxNLocator

        low, high = self.ends
        whole = isinstance(self.kind.to_external_repr(low), int)
        locator = (
            LogLocator() if self.log else MaxNLocator(_TICKS, integer=whole, steps=[1, 2, 5, 10])
        )
        inner = [float(one) for one in locator.tick_values(low, high) if low < one < high]
        clear = [one for one in inner if 0.08 < self.share(one) < 0.92]
        return [(one, number(one)) for one in dict.fromkeys((low, *clear, high))]

    def lay_along(self, axes: "Axes") -> None:
        """Make the lower axis of a plot this one."""
        axes.set_xlabel(self.title)
        if self.log:
            axes.set_xscale("log")
        elif self.choices:
            axes.set_xlim(-0.5, len(self.choices) - 0.5)
            axes.set_xticks(range(len(self.choices)), self.choices, rotation=20, ha="right")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
