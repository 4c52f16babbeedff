"""Say how curves are drawn, whatever of them."""

from typing import NamedTuple, get_args

from stride.errors import UserError, nearest
from stride.plots.plot import Along


class CurveOptions(NamedTuple):
    """Hold what is asked of all curves of a plot.

    Attributes:
        along: what the horizontal axis counts.
        smooth: weight of what came before in the moving average, 0 for none, below 1.
        log: whether the upright axis is logarithmic.
    """

    along: Along = "step"
    smooth: float = 0.0
    log: bool = False

    def checked(self) -> "CurveOptions":
        """Return these options.

        Raises:
            UserError: one has a value that it cannot have.
        """
        if self.along not in get_args(Along):
            hint = nearest(self.along, get_args(Along)) or "type one of step, epoch and time"
            raise UserError(f"curves do not go along {self.along!r}", hint=hint)
        if not 0 <= self.smooth < 1:
            what = f"curves cannot be smoothed by {self.smooth:g}"
            raise UserError(what, hint="give a weight from 0, for not at all, to 0.99")
        return self
