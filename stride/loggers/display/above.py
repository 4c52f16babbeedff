"""Let what a program prints meanwhile stand above the lines that are drawn."""

import io
import sys
from contextlib import suppress
from typing import Any

from stride.loggers.display.ability import ability_of
from stride.loggers.display.region import Region
from stride.loggers.screen import Screen


class _Above(io.TextIOBase):
    """Pass a stream of a terminal what is written, line by line, above the lines of a region.

    It has no `errors`, as a stream of text has them: hence `input` writes its question here, not
    past Python, and it is not drawn over.
    """

    def __init__(self, stream: Any, region: Region) -> None:
        self._passed_to, self._region = stream, region
        self._line = ""  # that is begun

    def write(self, text: str) -> int:
        """Write the lines that are whole; a line that is begun waits for its end, or a flush."""
        whole, end, self._line = (self._line + text).rpartition("\n")
        # Of a line that is written over and over, as a bar of others, the last state is enough. Its
        # returns stay, before it or behind it: the state before may stand there already.
        state = self._line.rstrip("\r")
        _, before, last = state.rpartition("\r")
        self._line = before + last + self._line[len(state) :][:1]
        if end:
            self._pass_on(whole + end)
        return len(text)

    def flush(self) -> None:
        """Write what is begun too: it may be a question."""
        text, self._line = self._line, ""
        if text:
            self._pass_on(text)
        else:
            self._passed_to.flush()

    def _pass_on(self, text: str) -> None:
        def write() -> None:
            self._passed_to.write(text)
            self._passed_to.flush()

        self._region.pass_on(write, begun=not text.endswith("\n"))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._passed_to, name)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Return the encoding of the stream."""
        return getattr(self._passed_to, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Tell that it is a terminal, as the stream is."""
        return bool(self._passed_to.isatty())

    def fileno(self) -> int:
        """Return the stream's descriptor."""
        return int(self._passed_to.fileno())

    def writable(self) -> bool:
        """Tell that anything may be written."""
        return True


class PrintedAbove:
    """Put stdout and stderr, where they are terminals, above the lines of a region.

    Args:
        region: the lines.
    """

    def __init__(self, region: Region) -> None:
        self._region = region
        self._replaced: list[tuple[str, Any, _Above]] = []

    def begin(self) -> None:
        """Take the place of the streams."""
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if stream is not None and ability_of(Screen(stream)).redraws:
                self._replaced.append((name, stream, _Above(stream, self._region)))
                setattr(sys, name, self._replaced[-1][2])

    def end(self) -> None:
        """Give the streams their places back, unless somebody has taken them meanwhile."""
        for name, stream, above in self._replaced:
            with suppress(Exception):  # of a stream that is closed
                above.flush()
            if getattr(sys, name) is above:
                setattr(sys, name, stream)
        self._replaced.clear()
