"""Turn the signals that end a training into a request that the loop obeys after its step."""

import os
import signal
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

from stride.engine.loop import StopRequest

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGUSR1") if hasattr(signal, name)
)


class Interrupted(KeyboardInterrupt):
    """Tell that a signal ended the run, with a checkpoint behind it.

    Attributes:
        exit_code: 128 plus the signal's number; 0 under torchrun, which takes anything else for a
            failure to begin again.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(number).name}")
        self.exit_code = 0 if "TORCHELASTIC_RUN_ID" in os.environ else 128 + number


@contextmanager
def obeying_signals(stop: StopRequest, grace: float | None = None) -> Iterator[StopRequest]:
    """Note the first signal in the stop request; let the second one end the training at once.

    Outside of the main thread nothing is done: Python allows handlers there only.

    Args:
        stop: where the signal is noted.
        grace: seconds after the first signal at which the training ends even so, None for never.
    """
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    caught = _SIGNALS if grace is None else (*_SIGNALS, signal.SIGALRM)
    before = {number: signal.getsignal(number) for number in caught}
    alarms: list[tuple[float, float]] = []  # of the user's own, once ours takes their place

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.signal:
            raise Interrupted(stop.signal if number == signal.SIGALRM else number)
        if number == signal.SIGALRM:
            if callable(own := before[number]):
                own(number, frame)
            return
        stop.signal = number
        if grace is not None:
            alarms.append(signal.setitimer(signal.ITIMER_REAL, grace))

    for number in caught:
        signal.signal(number, handle)
    try:
        yield stop
    finally:
        if alarms:
            signal.setitimer(signal.ITIMER_REAL, 0)
        _put_back(before, alarms)


def _put_back(handlers: Mapping[int, Any], alarms: Iterable[tuple[float, float]]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler or signal.SIG_DFL)
    for alarm in alarms:
        signal.setitimer(signal.ITIMER_REAL, *alarm)


@contextmanager
def holding_sigterm() -> Iterator[None]:
    """Let a SIGTERM wait until the block is done: what it writes is whole then.

    A launcher sends it to all processes when one of them has failed, also to those that are just
    about to write down why. A person's Ctrl-C waits for nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before if before is not None else signal.SIG_DFL)
        if came:
            signal.raise_signal(signal.SIGTERM)
