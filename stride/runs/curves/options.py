"""Say how curves are drawn, whatever of them."""

from typing import NamedTuple

from stride.errors import UserError


class CurveOptions(NamedTuple):
    """Hold what is asked of all curves of a plot.

    Attributes:
        along: what the horizontal axis counts: one of `Along`, or a metric beside it in its rows.
        smooth: weight of what came before in the moving average, 0 for none, below 1.
        log: whether the upright axis is logarithmic.
    """

    along: str = "step"
    smooth: float = 0.0
    log: bool = False

    def checked(self) -> "CurveOptions":
        """Return these options.

        Raises:
            UserError: one has a value that it cannot have.
        """
        if not 0 <= self.smooth < 1:
            what = f"curves cannot be smoothed by {self.smooth:g}"
            raise UserError(what, hint="give a weight from 0, for not at all, to 0.99")
        return self
