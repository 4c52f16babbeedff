"""Learn what ended the processes that train together, where it began in another one."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from traceback import format_exception

from stride.distributed.kv_store import answer_of, connected
from stride.distributed.launcher_env import variable
from stride.distributed.ranks import world_size
from stride.errors import LostProcess, RunFailed

_KEY = "failure"
_LOST = re.compile(r"closed by peer|reset by peer|Broken pipe|timeout caused|remote process exited")
_SILENT = re.compile(r"Timed out waiting (\d+)ms")
_ADDRESS = re.compile(r"\[([\da-fA-F.:]+)\]:\d+")


def loss_of_peer(error: Exception) -> str:
    """Say how a process was found to be lost; nothing for an error of any other kind."""
    text = str(error)
    backend = "gloo/transport/" in text or type(error).__name__.startswith("Dist")
    if not isinstance(error, RuntimeError) or not backend:
        return ""
    if silent := _SILENT.search(text):
        return f"no answer within {int(silent[1]) / 1000:g} s"
    peer = _ADDRESS.search(text)
    closed = f"its connection from {peer[1]} was closed" if peer else "its connection was closed"
    return closed if _LOST.search(text) else ""


def first_failure(error: Exception, *, follows: bool) -> tuple[str, str]:
    """Return what failed first on another rank, as a line and its traceback; else nothing.

    Args:
        error: noted for the other ranks, unless one of them was faster.
        follows: whether it only tells that another process is gone, and is not to be noted.
    """
    own = f"rank {variable('RANK', 0)}"
    line = (str(error).strip().splitlines() or [""])[0]
    trace = "".join(format_exception(error))
    words = f"{own} failed first: {type(error).__name__}: {line}\n{trace}"
    first = answer_of(lambda: _noted() if follows else _note(words)) or ""
    line, _, trace = first.partition("\n")
    return ("", "") if first.startswith(f"{own} ") else (line, trace)


def _noted() -> str:
    store = connected(0)
    return store.get(_KEY).decode() if store.check([_KEY]) else ""


def _note(words: str) -> str:
    return connected(0).compare_set(_KEY, "", words).decode()


@contextmanager
def propagate_failures() -> Iterator[None]:
    """Tell the other ranks what ends this one; where it is their end, raise what ended them.

    Raises:
        RunFailed: Another rank failed first; its traceback is a note of the error.
        LostProcess: Another process is gone without a word.
    """
    try:
        yield
    except LostProcess:
        raise
    except Exception as error:
        if world_size() > 1:
            _raise_cause(error)
        raise


def _raise_cause(error: Exception) -> None:
    """Raise what ended this process, where that is not the error itself."""
    lost = loss_of_peer(error)
    first, trace = first_failure(error, follows=bool(lost))
    if first and isinstance(error, RuntimeError):
        failed = RunFailed(first)
        failed.add_note(trace)
        raise failed from error
    if lost:
        raise LostProcess(f"another process was lost: {lost}") from error
