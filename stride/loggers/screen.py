"""A text stream that never fails, for stdout and stderr."""

import io
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_STANDARD = (1, 2)


class Screen(io.TextIOBase):
    """Pass text on to a stream, ignoring its failures.

    What the stream's encoding lacks is replaced. A stream that has lost its reader, is closed or
    has no space left is given nothing any more.

    Args:
        stream: where to; None, as a program without a console has it, takes nothing.

    Attributes:
        lost: why the stream takes no more, None as long as it does.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.lost: Exception | None = None if stream is not None else ValueError("no stream")
        self._before_next: list[Callable[[], object]] = []

    def before_next_write(self, call: Callable[[], object]) -> None:
        """Call something once, before more is written."""
        self._before_next.append(call)

    def _prepare(self) -> None:
        while self._before_next:
            self._before_next.pop()()

    def write(self, text: str) -> int:
        """Write what the stream can show of a text; return the text's length.

        Raises:
            TypeError: it is not text. Some ask so what a stream takes.
        """
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._prepare()
        if self.lost is None:
            try:
                self._write(text)
            except BlockingIOError:  # full for a moment
                pass
            except Exception as error:
                self._lose(error)
        return len(text)

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
        except UnicodeEncodeError as error:
            self._stream.write(text.encode(error.encoding, "replace").decode(error.encoding))

    def write_bytes(self, data: bytes) -> None:
        """Write what is for a program as it is, as a path that is not text."""
        self._prepare()
        self.flush()
        if self.lost is None:
            try:
                self._stream.buffer.write(data)
            except Exception as error:
                self._lose(error)

    def flush(self) -> None:
        """Write what the stream holds back."""
        if self.lost is None:
            try:
                self._stream.flush()
            except BlockingIOError:
                pass
            except Exception as error:
                self._lose(error)

    def _lose(self, error: Exception) -> None:
        """Record the error; send a standard stream to devnull, or Python's exit would fail."""
        self.lost = error
        with suppress(Exception):
            if (number := self._stream.fileno()) in _STANDARD:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, number)
                os.close(nowhere)

    def isatty(self) -> bool:
        """Tell whether the stream is a terminal that is there."""
        with suppress(Exception):
            return self.lost is None and bool(self._stream.isatty())
        return False

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Return the encoding of the stream."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def fileno(self) -> int:
        """Return the stream's descriptor (OSError where there is none)."""
        with suppress(ValueError, AttributeError):
            return int(self._stream.fileno())
        raise io.UnsupportedOperation("fileno")

    def writable(self) -> bool:
        """Tell that anything may be written."""
        return True
