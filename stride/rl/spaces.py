"""Say what an environment shows and what it takes, without the environment."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Spaces:
    """The observations and actions of one environment.

    Attributes:
        observation_shape: of one observation.
        observation_dtype: NumPy's name of its type, as `float32` or `uint8`.
        action_shape: of one action; () where it is one of several.
        num_actions: how many there are to choose from; None where an action is made of numbers.
        low: the least of each number of an action, flat; empty where there is a choice.
        high: the largest likewise.
    """

    observation_shape: tuple[int, ...]
    observation_dtype: str
    action_shape: tuple[int, ...]
    num_actions: int | None = None
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()

    @property
    def discrete(self) -> bool:
        """Tell whether an action is one of several."""
        return self.num_actions is not None

    @property
    def finite_bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return bounds between which chance acts.

        One that is missing is 1 beyond 0, or beyond the other bound.
        """
        pairs = list(zip(self.low, self.high, strict=True))
        low = tuple(min(most, 0) - 1 if math.isinf(least) else least for least, most in pairs)
        high = tuple(max(least, 0) + 1 if math.isinf(most) else most for least, most in pairs)
        return low, high
