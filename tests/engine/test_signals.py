"""Signals become a request; a second one ends at once; handlers are put back."""

import os
import signal
import threading
import time
from types import SimpleNamespace

import pytest

from stride.data.batches.waiting import TimedIterator, WaitEnded, wait_in
from stride.engine import signals
from stride.engine.signals import Interrupted, holding_sigterm, obeying_signals
from stride.engine.stopping import StopRequest


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


def test_torchrun_is_told_of_no_failure_where_a_checkpoint_was_left(monkeypatch):
    assert Interrupted(signal.SIGTERM).exit_code == 143
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "7")
    assert Interrupted(signal.SIGTERM).exit_code == 0


def test_outside_of_the_main_thread_nothing_is_touched():
    before, seen = signal.getsignal(signal.SIGINT), []

    def work():
        with obeying_signals(StopRequest()):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


def test_after_the_grace_time_the_training_ends_by_the_first_signal():
    before, stop = signal.getsignal(signal.SIGALRM), StopRequest()
    with pytest.raises(Interrupted, match="SIGUSR1") as caught, obeying_signals(stop, 0.05):
        os.kill(os.getpid(), signal.SIGUSR1)
        time.sleep(5)
    assert caught.value.exit_code == 128 + signal.SIGUSR1
    assert stop.signal == signal.SIGUSR1
    assert signal.getsignal(signal.SIGALRM) is before


def test_who_is_ready_within_the_grace_time_is_not_interrupted():
    with obeying_signals(StopRequest(), 0.05) as stop:
        os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.1)
    assert stop.signal == signal.SIGTERM


def test_an_alarm_of_the_users_own_rings_during_a_training_and_after():
    rung, before = [], signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    try:
        with obeying_signals(StopRequest(), 60):
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            while not rung:
                time.sleep(0.01)
            signal.setitimer(signal.ITIMER_REAL, 30)
            os.kill(os.getpid(), signal.SIGTERM)
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 30
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("grace", [None, 60.0])
def test_a_signal_ends_a_wait_for_a_batch(monkeypatch, grace):
    monkeypatch.setattr(signals, "PATIENCE", 0.1)

    def batches():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)
        yield

    with pytest.raises(WaitEnded, match="SIGTERM") as caught, obeying_signals(StopRequest(), grace):
        next(TimedIterator(batches()))
    assert isinstance(caught.value, Interrupted)
    assert caught.value.exit_code == 143
    assert wait_in(threading.get_ident()) is None


def test_patience_is_with_the_wait_and_not_with_the_work_before_it(monkeypatch):
    asked = []

    def monotonic():  # the signal came long before
        asked.append(1)
        return time.monotonic() - (1000 if len(asked) == 1 else 0)

    def batches():
        while len(asked) < 4:
            time.sleep(0.01)
        yield 1

    monkeypatch.setattr(signals, "time", SimpleNamespace(monotonic=monotonic))
    monkeypatch.setattr(signals, "_LOOKS", 1000)
    with obeying_signals(StopRequest()):
        os.kill(os.getpid(), signal.SIGTERM)
        while not asked:
            time.sleep(0.01)
        try:
            batch = next(TimedIterator(batches()))
        except WaitEnded:
            batch = None
    assert batch == 1


def test_half_of_the_grace_time_is_left_for_the_checkpoint():
    with pytest.raises(WaitEnded), obeying_signals(StopRequest(), 1.0):
        os.kill(os.getpid(), signal.SIGTERM)
        next(TimedIterator(map(time.sleep, [0.9])))


def test_a_wait_that_does_not_hear_is_ended_once_more(monkeypatch):
    monkeypatch.setattr(signals, "PATIENCE", 0.1)
    heard = []

    def batches():
        while len(heard) < 2:
            try:
                time.sleep(60)
            except BaseException as error:
                heard.append(type(error))
        yield 1

    with obeying_signals(StopRequest()):
        os.kill(os.getpid(), signal.SIGUSR1)
        assert next(TimedIterator(batches())) == 1
    assert heard == [signals.InterruptedWait] * 2


def test_work_that_is_no_wait_for_a_batch_is_let_come_to_its_end(monkeypatch):
    monkeypatch.setattr(signals, "PATIENCE", 0.05)
    with obeying_signals(StopRequest()) as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.2)
    assert stop.signal == signal.SIGTERM


def test_without_a_grace_time_the_alarm_is_nobody_s_business():
    before = signal.getsignal(signal.SIGALRM)
    with obeying_signals(StopRequest()):
        assert signal.getsignal(signal.SIGALRM) is before


def test_an_alarm_of_its_own_without_a_signal_ends_nothing():
    with obeying_signals(StopRequest(), 60.0) as stop:
        os.kill(os.getpid(), signal.SIGALRM)
    assert not stop


def test_a_sigterm_that_comes_while_something_is_written_waits():
    came = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: came.append(number))
    try:
        with pytest.raises(ValueError, match="first"), holding_sigterm():
            os.kill(os.getpid(), signal.SIGTERM)
            assert came == []
            raise ValueError("first")
        assert came == [signal.SIGTERM]
        with holding_sigterm():
            pass
        assert came == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)
