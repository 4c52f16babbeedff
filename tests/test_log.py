import io
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Event

import pytest

from stride.engine.checkpoint.background import BackgroundTask
from stride.log import LOGGER, OwnWords, speaking
from stride.periodic import PeriodicTask


def test_no_handler_gets_what_a_terminal_would_obey() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    LOGGER.addHandler(handler)
    try:
        LOGGER.warning("%s: %d\n", "W\x1b[2J/\u202e\udcff", 3)
    finally:
        LOGGER.removeHandler(handler)
    assert stream.getvalue() == "W\\x1b[2J/\\u202e\\udcff: 3\n\n"


def in_a_task(work: Callable[[], object]) -> Callable[[], object]:
    return BackgroundTask(lambda: [None, work()][0]).check


def at_times(work: Callable[[], object]) -> Callable[[], object]:
    called = Event()
    task = PeriodicTask(0.01, lambda: [called.set(), work()] if not called.is_set() else None)

    def end() -> None:
        task.start()
        called.wait(60)
        task.stop()

    return end


@pytest.mark.parametrize("make", [in_a_task, at_times])
def test_what_is_done_in_other_threads_speaks_for_whoever_began_it(
    make: Callable[[Callable[[], object]], Callable[[], object]],
) -> None:
    heard: list[tuple[str, str]] = []
    with ExitStack() as handlers:
        for name in ("one", "other"):
            with speaking(name):
                handlers.enter_context(_heard(name, heard))
        with speaking("one"):
            end = make(lambda: LOGGER.warning("mine"))
        with speaking("other"):
            end()
            LOGGER.warning("too")
        LOGGER.warning("everybody's")
    both = [("one", "everybody's"), ("other", "everybody's")]
    assert heard == [("one", "mine"), ("other", "too"), *both]


@contextmanager
def _heard(name: str, heard: list[tuple[str, str]]) -> Iterator[None]:
    """Note what a speaker's handler gets."""
    handler = logging.Handler()
    handler.emit = lambda record: heard.append((name, record.getMessage()))  # type: ignore[method-assign]
    handler.addFilter(OwnWords())
    LOGGER.addHandler(handler)
    try:
        yield
    finally:
        LOGGER.removeHandler(handler)
