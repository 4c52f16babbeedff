"""The logger of STRIDE, with control characters escaped in every record."""

import logging
from contextvars import ContextVar

from stride.visible import visible

_speaker: ContextVar[object] = ContextVar("speaker", default=None)


class _Visible(logging.Filter):
    """Escape control characters in a record, whichever handler shows it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the record, with its message escaped."""
        record.msg, record.args = visible(record.getMessage(), lines=True), None
        return True


LOGGER = logging.getLogger("stride")
LOGGER.addFilter(_Visible())


class speaking:
    """Let what is logged in the block be one speaker's, where several take turns in a thread.

    Entered before each step of a training: a generator would cost four times as much.
    """

    __slots__ = ("_speaker", "_token")

    def __init__(self, speaker: object) -> None:
        self._speaker = speaker

    def __enter__(self) -> None:
        self._token = _speaker.set(self._speaker)

    def __exit__(self, *_: object) -> None:
        _speaker.reset(self._token)


def speaker() -> object:
    """Return whose words are logged now, None where they are everybody's."""
    return _speaker.get()


def takes_turns() -> bool:
    """Tell whether what is logged here is one of several speakers'."""
    return speaker() is not None


class OwnWords(logging.Filter):
    """Keep the records of who speaks when this is made, and those without a speaker.

    Without a speaker then, all records are kept.
    """

    def __init__(self) -> None:
        super().__init__()
        self._own = _speaker.get()

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the record is kept."""
        return self._own is None or _speaker.get() in (None, self._own)
