"""Run tests in forks of a process that has loaded what every test of training loads.

To load torch takes longer than most tests. Nothing of STRIDE is loaded here: each fork loads it
from the working directory as it is then. For each line that comes in, of arguments to pytest, goes
one out: pytest's exit code, or that of a failure where the tests did not end.
"""

import importlib
import os
import signal
import sys
import time
from contextlib import suppress

import pytest

LOADED = ("numpy", "torch", "torch.utils.data", "torch.distributed", "torch._dynamo")
SECONDS = 300
TOLD = "{}.log"  # what pytest has said last: a file beside the working directory


def main() -> None:
    """Answer lines until there are no more."""
    for name in LOADED:
        importlib.import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _test(line.split())
        print(_exit_code(child), flush=True)


def _test(arguments: list[str]) -> None:
    """Be the fork: run the tests and end."""
    os.setsid()
    told = os.open(TOLD.format(os.getcwd()), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(told, stream)
    code = int(pytest.ExitCode.INTERNAL_ERROR)
    try:
        code = int(pytest.main(["-q", "-x", "-p", "no:cacheprovider", *arguments]))
    finally:
        sys.stdout.flush()
        os._exit(code)


def _exit_code(child: int) -> int:
    """Wait for a fork, and end whatever it has started, which a fault may have left behind."""
    end = time.monotonic() + SECONDS
    ended, status = 0, 0
    while not ended and time.monotonic() < end:
        time.sleep(0.02)
        ended, status = os.waitpid(child, os.WNOHANG)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    if ended:
        return os.waitstatus_to_exitcode(status)
    os.waitpid(child, 0)
    return int(pytest.ExitCode.TESTS_FAILED)


if __name__ == "__main__":
    main()
