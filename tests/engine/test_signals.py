"""Signals become a request; a second one ends at once; handlers are put back."""

import os
import signal
import threading

import pytest

from stride.engine.loop import StopRequest
from stride.engine.signals import Interrupted, obeying_signals


def test_the_first_signal_is_a_request_and_the_second_an_exception():
    before = signal.getsignal(signal.SIGTERM)
    stop = StopRequest()
    with pytest.raises(Interrupted, match="SIGINT") as caught, obeying_signals(stop) as given:
        os.kill(os.getpid(), signal.SIGTERM)
        assert given is stop
        assert stop.signal == signal.SIGTERM
        os.kill(os.getpid(), signal.SIGINT)
    assert caught.value.exit_code == 130
    assert isinstance(caught.value, KeyboardInterrupt)
    assert signal.getsignal(signal.SIGTERM) is before


def test_outside_of_the_main_thread_nothing_is_touched():
    before, seen = signal.getsignal(signal.SIGINT), []

    def work():
        with obeying_signals(StopRequest()):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
