"""A store that does not answer holds nobody up."""

import threading
import time

import pytest

from stride.distributed import kv_store
from stride.distributed.kv_store import answer_of


@pytest.fixture(autouse=True)
def unasked(monkeypatch):
    monkeypatch.setattr(kv_store, "_silent", [])


def test_an_answer_is_given_and_a_failure_is_none():
    assert answer_of(lambda: 3) == 3
    assert answer_of(lambda: 1 / 0) is None
    assert answer_of(lambda: 4) == 4


def test_a_store_that_is_silent_is_not_waited_for_twice():
    gone = threading.Event()
    begun = time.monotonic()
    assert answer_of(gone.wait, seconds=0.1) is None
    assert answer_of(lambda: 3) is None
    assert time.monotonic() - begun < 5
    gone.set()
