"""Batches on their way: what ended a worker that imports the user's script is os_errors_as."""

import multiprocessing

import pytest
import torch

from stride.data.batches.base import iterate_on_device
from stride.errors import RunFailed


class Loader:
    """Gives a batch, and loses its worker."""

    num_workers = 1

    def __init__(self, method, words):
        self.multiprocessing_context = method and multiprocessing.get_context(method)
        self.words = words

    def __iter__(self):
        yield torch.zeros(1)
        raise RuntimeError(self.words)


GONE = "DataLoader worker (pid(s) 7) exited unexpectedly"


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_worker_of_a_new_interpreter_that_is_gone_says_what_to_look_at(method):
    with pytest.raises(RunFailed, match="exited unexpectedly") as caught:
        list(iterate_on_device(Loader(method, GONE), torch.device("cpu")))
    assert '__name__ == "__main__"' in caught.value.hint


@pytest.mark.parametrize(("method", "words"), [("fork", GONE), ("spawn", "mine"), (None, GONE)])
def test_every_other_exception_is_passed_on_untouched(method, words):
    with pytest.raises(RuntimeError) as caught:
        list(iterate_on_device(Loader(method, words), torch.device("cpu")))
    assert str(caught.value) == words
