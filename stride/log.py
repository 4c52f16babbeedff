"""The logger of STRIDE, with control characters escaped in every record."""

import logging

from stride.visible import visible


class _Visible(logging.Filter):
    """Escape control characters in a record, whichever handler shows it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the record, with its message escaped."""
        record.msg, record.args = visible(record.getMessage(), lines=True), None
        return True


LOGGER = logging.getLogger("stride")
LOGGER.addFilter(_Visible())
