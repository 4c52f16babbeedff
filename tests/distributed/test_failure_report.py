"""What is told of a process that is gone, in words for a person."""

import pytest
from torch.distributed import DistBackendError

from stride.distributed.failure_report import loss_of_peer

GLOO = "[/build/third_party/gloo/gloo/transport/tcp/"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            RuntimeError(GLOO + "pair.cc:553] Connection closed by peer [10.0.0.7]:2982. This is"),
            "its connection from 10.0.0.7 was closed",
        ),
        (
            RuntimeError(GLOO + "unbound_buffer.cc:78] Timed out waiting 2000ms for recv"),
            "no answer within 2 s",
        ),
        (
            DistBackendError("NCCL error: remote process exited or there was a network error"),
            "its connection was closed",
        ),
        (RuntimeError(GLOO + "pair.cc:454] op.preamble.length <= op.nbytes. 400 vs 4"), ""),
        (DistBackendError("NCCL error: invalid usage"), ""),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), ""),
        (ConnectionResetError("Connection reset by peer"), ""),
    ],
)
def test_a_lost_process_is_told_from_other_errors(error, words):
    assert loss_of_peer(error) == words
