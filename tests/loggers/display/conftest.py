from collections.abc import Callable

import pytest

from tests.loggers.display.emulator import Emulator


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Emulator]:
    """Return a function that gives a terminal of a size, or resizes one."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")

    def window(width: int = 80, height: int = 24, of: Emulator | None = None) -> Emulator:
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("LINES", str(height))
        if of is None:
            return Emulator(width, height)
        of.resize(width, height)
        return of

    return window
