"""Hold the one logger of STRIDE: whatever it says is fit for a terminal."""

import logging

from stride.visible import visible


class _Visible(logging.Filter):
    """Let nothing pass as it is that a terminal would obey, whoever shows the record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the record, its message made visible."""
        record.msg, record.args = visible(record.getMessage(), lines=True), None
        return True


LOGGER = logging.getLogger("stride")
LOGGER.addFilter(_Visible())
