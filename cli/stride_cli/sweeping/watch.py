"""Look at a sweep again and again while it is worked on, and show what has changed."""

from threading import Event, Thread
from typing import TYPE_CHECKING, Self

from stride_cli.sweeping.display import Display

if TYPE_CHECKING:
    from stride.sweeps.sweep import Sweep

_EVERY = 0.5  # seconds


class Watch:
    """Show a sweep while it is entered, whoever trains its trials.

    Args:
        sweep: that is shown.
        display: that shows it.
    """

    def __init__(self, sweep: "Sweep", display: Display) -> None:
        from stride.sweeps.following.standing import standing_of

        self._sweep = sweep
        self._display = display
        self._known = {one.number for one in standing_of(sweep).ended}
        self._over = Event()
        self._thread = Thread(target=self._run, name="stride-sweep-view", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._display.close()

    def _run(self) -> None:
        """Look until the sweep is left, and then once more."""
        try:
            self._look()
            while not self._over.wait(_EVERY):
                self._look()
            self._look()
        except Exception as error:  # the view alone is lost: the trials go on
            from stride.log import LOGGER

            LOGGER.warning("the sweep is not shown any more: %s", error)

    def _look(self) -> None:
        from stride.sweeps.following.standing import standing_of

        standing = standing_of(self._sweep)
        for trial in standing.ended:
            if trial.number not in self._known:
                self._known.add(trial.number)
                self._display.ended(trial, standing, len(self._known))
        self._display.show(standing)
