"""Draw lines at the end of a terminal again and again, below those that stay."""

import os
import threading
import time
from collections.abc import Callable, Sequence

from stride.loggers.display.ability import ability_of, size_of
from stride.loggers.screen import Screen

SECONDS_BETWEEN_DRAWINGS = 0.2  # an eye follows, and a step is not the slower for it
_ERASE_BELOW = "\r\x1b[J"
_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"


class Region:
    """The last lines of a terminal, which are drawn again and again.

    Between two drawings the cursor rests in an empty line above them. So whatever a terminal
    makes of them when its width changes is below the cursor, from where all is erased; what
    others write there, as a process that was started, has that line; and a process that is killed
    leaves nothing to put right. The cursor is hidden within one drawing alone, which is one write.

    On what is no such terminal nothing is drawn, and what stays is printed.

    Args:
        stream: where to.
        compose: gives the lines as they are now, each at most as wide as the terminal; of more than
            it is high the last ones are left out.
        now: the clock.

    Attributes:
        lock: is held while something is written.
    """

    def __init__(
        self,
        stream: Screen,
        compose: Callable[[], Sequence[str]],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream, self._compose, self._now = stream, compose, now
        self._draws = ability_of(stream).redraws
        self._is_shown = False
        self._begun = False  # whether somebody else has begun a line and not ended it
        self._next = 0.0
        self._process = os.getpid()
        self.lock = threading.RLock()

    @property
    def is_due(self) -> bool:
        """Tell whether the last drawing is so old that an eye would see another one."""
        return self._now() >= self._next

    def draw(self) -> None:
        """Draw the lines in place of those before, unless somebody has begun one of their own."""
        with self.lock:
            if not self._begun:
                self._write(self._drawn())

    def print(self, text: str) -> None:
        """Write lines that stay, above those that are drawn."""
        if not self._is_own():  # a forked process may find the lock taken for ever
            self._write(f"{text}\n")
            return
        with self.lock:
            before = self._erased() + "\n" * self._begun
            self._begun = False
            self._write(f"{before}{text}\n{self._drawn()}")

    def pass_on(self, write: Callable[[], object], *, begun: bool) -> None:
        """Let somebody else write above the lines.

        Args:
            write: does so.
            begun: whether this leaves a line begun, as a question does: nothing is drawn then
                until it ends, or until there is a line that stays.
        """
        if not self._is_own():
            write()
            return
        with self.lock:
            self._write(self._erased())
            write()
            self._begun = begun
            if self.is_due and not begun:
                self._write(self._drawn())

    def erase(self) -> None:
        """Take the lines away, until they are drawn again."""
        with self.lock:
            self._write(self._erased())

    def _is_own(self) -> bool:
        return os.getpid() == self._process

    def _erased(self) -> str:
        """Return what erases the lines, if they are shown."""
        shown, self._is_shown = self._is_shown, False
        return _ERASE_BELOW if shown else ""

    def _drawn(self) -> str:
        """Return what draws the lines, as far as the terminal has room for them."""
        if not (self._draws and self._is_own()):
            return ""
        lines = self._compose()[: max(size_of(self._stream).lines - 2, 0)]
        if not lines:
            return ""
        self._next, self._is_shown = self._now() + SECONDS_BETWEEN_DRAWINGS, True
        body = "".join(f"\r\n{line}" for line in lines)
        return f"{_HIDE_CURSOR}{_ERASE_BELOW}{body}\r\x1b[{len(lines)}A{_SHOW_CURSOR}"

    def _write(self, text: str) -> None:
        if text:
            self._stream.write(text)
            self._stream.flush()
