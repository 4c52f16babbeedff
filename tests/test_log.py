import io
import logging

from stride.log import LOGGER


def test_no_handler_gets_what_a_terminal_would_obey() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    LOGGER.addHandler(handler)
    try:
        LOGGER.warning("%s: %d\n", "W\x1b[2J/\u202e\udcff", 3)
    finally:
        LOGGER.removeHandler(handler)
    assert stream.getvalue() == "W\\x1b[2J/\\u202e\\udcff: 3\n\n"
