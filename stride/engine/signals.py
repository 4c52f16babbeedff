"""Turn the signals that end a training into a request that the loop obeys after its step."""

import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import Any

from stride.data.batches.waiting import WaitEnded, end_workers, wait_in
from stride.engine.stopping import StopRequest
from stride.log import LOGGER

PATIENCE = 10.0  # seconds for which a signal lets a batch be waited for, at most
_LOOKS = 10  # in this time

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGUSR1") if hasattr(signal, name)
)


_obeying: list[StopRequest] = []  # the requests in which a signal is noted, the outermost first


class Interrupted(KeyboardInterrupt):
    """Tell that a signal ended the run, with a checkpoint behind it.

    Attributes:
        exit_code: 128 plus the signal's number; 0 under torchrun, which takes anything else for a
            failure to begin again.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(number).name}")
        self.exit_code = 0 if "TORCHELASTIC_RUN_ID" in os.environ else 128 + number

    def _render_traceback_(self) -> list[str]:
        """Let IPython say that, and not where the training was: nothing went wrong there."""
        return [f"{type(self).__name__}: {self}"]


class InterruptedAgain(Interrupted):
    """Tell that a further signal, or the end of the grace time, has ended the run at once."""


class InterruptedWait(Interrupted, WaitEnded):
    """Tell that a signal ended the run where it waited for a batch that did not come."""


@contextmanager
def obeying_signals(stop: StopRequest, grace: float | None = None) -> Iterator[StopRequest]:
    """Note the first signal in the stop request; let the second one end the training at once.

    A wait for a batch that goes on for `PATIENCE` seconds after the first signal, or for half of
    the grace time, is ended: no step will. Outside of the main thread nothing is done: Python
    allows handlers there only. A block inside of another obeys with it: the first signal is noted
    in the requests of both, and they may end in any order.

    Args:
        stop: where the signal is noted.
        grace: seconds after the first signal at which the training ends even so, None for never.
    """
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    stop.signal = stop.signal or next((outer.signal for outer in _obeying), 0)
    caught = nullcontext() if _obeying else _catching(stop, grace)
    with _noted_in(stop), caught:
        yield stop


@contextmanager
def _catching(stop: StopRequest, grace: float | None) -> Iterator[None]:
    """Handle the signals in the block, for all whose requests are noted."""
    caught = _SIGNALS if grace is None else (*_SIGNALS, signal.SIGALRM)
    before = {number: signal.getsignal(number) for number in caught}
    alarms: list[tuple[float, float]] = []  # of the user's own, once ours takes their place
    patience = _Patience(PATIENCE if grace is None else min(PATIENCE, grace / 2))

    def handle(number: int, frame: FrameType | None) -> None:
        if number != signal.SIGALRM and patience.has_ended():
            patience.end_wait(stop.signal, frame)
        elif stop.signal:
            end_workers(frame)
            raise InterruptedAgain(stop.signal if number == signal.SIGALRM else number)
        elif number != signal.SIGALRM:
            for request in _obeying:
                request.signal = number
            patience.begin(number)
            if grace is not None:
                alarms.append(signal.setitimer(signal.ITIMER_REAL, grace))
        elif callable(own := before[number]):
            own(number, frame)

    for number in caught:
        signal.signal(number, handle)
    try:
        yield
    finally:
        if alarms:
            signal.setitimer(signal.ITIMER_REAL, 0)
        patience.forget()
        _put_back(before, alarms)


@contextmanager
def _noted_in(stop: StopRequest) -> Iterator[None]:
    _obeying.append(stop)
    try:
        yield
    finally:
        _obeying[:] = [request for request in _obeying if request is not stop]


def _put_back(handlers: Mapping[int, Any], alarms: Iterable[tuple[float, float]]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler or signal.SIG_DFL)
    for alarm in alarms:
        signal.setitimer(signal.ITIMER_REAL, *alarm)


class _Patience:
    """End a wait for a batch that goes on too long after a signal.

    A thread measures the time. It sends the signal once more, to the main thread, so that a call
    of the system that blocks there is left, and the handler says what it means.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._number = 0
        self._ended = False
        self._signalled, self._forgotten = threading.Event(), threading.Event()
        self._main = threading.get_ident()
        # Begun beforehand: a handler may not, since it may have come in the middle of that.
        self._thread = threading.Thread(target=self._run, name="stride-patience", daemon=True)
        self._thread.start()

    def begin(self, number: int) -> None:
        """Measure from now on, after a signal of this number."""
        self._number = number
        self._signalled.set()

    def has_ended(self) -> bool:
        """Tell whether the signal that is handled now is this thread's."""
        ended, self._ended = self._ended, False
        return ended

    def end_wait(self, number: int, frame: FrameType | None) -> None:
        """End the wait and the workers that are waited for, unless the batch has come."""
        if wait_in(self._main) is not None:
            end_workers(frame)
            raise InterruptedWait(number)

    def forget(self) -> None:
        """End the thread."""
        self._forgotten.set()
        self._signalled.set()
        self._thread.join()

    def _run(self) -> None:
        self._signalled.wait()
        begun = time.monotonic()
        while not self._forgotten.wait(self._seconds / _LOOKS):
            wait = wait_in(self._main)
            if wait and time.monotonic() - max(begun, wait.since) >= self._seconds:
                name = signal.Signals(self._number).name
                LOGGER.warning("%s, and no batch comes: it is waited for no more", name)
                self._ended = True
                signal.pthread_kill(self._main, self._number)


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
