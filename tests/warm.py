"""Run Python commands in forks of a process that has loaded torch and STRIDE.

To load them takes longer than what most commands do. All else is as in a process of its own: the
words, folder, variables, streams, import path and exit code.
"""

import atexit
import importlib
import os
import runpy
import shutil
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryDirectory

from tests.integration.forkserver import ROOT, Forkserver

SECONDS = 300  # after which a command is ended
_ERRORS = ("error", None, Warning, None, 0)  # how the forkserver itself takes warnings


class Warm:
    """Run commands one after the other.

    Args:
        server: that forks.
    """

    def __init__(self, server: Forkserver) -> None:
        self._server = server

    def stride(self, *words: str, folder: Path, **options: object) -> CompletedProcess[str]:
        """Run `stride` with these words; for the rest see `python`."""
        program = shutil.which("stride", path=os.path.dirname(sys.executable))
        assert program is not None
        return self.python(program, *words, folder=folder, **options)  # type: ignore[arg-type]

    def python(
        self,
        *words: str,
        folder: Path,
        environment: Mapping[str, str] = os.environ,
        given: str = "",
        merged: bool = False,
    ) -> CompletedProcess[str]:
        """Run `python` with these words: a script, or `-m` with a module.

        Args:
            words: of the command line.
            folder: where it is typed.
            environment: all variables.
            given: its stdin.
            merged: whether stderr goes where stdout goes.
        """
        with TemporaryDirectory() as scratch:
            streams = [Path(scratch) / name for name in ("in", "out", "err")]
            streams[0].write_text(given)
            place = {"words": words, "folder": str(folder), "variables": dict(environment)}
            ends = [str(path) for path in (*streams[:2], streams[1 if merged else 2])]
            log = Path(scratch) / "log"
            code = self._server.call("tests.warm:fork", **place, streams=ends, log=log)
            said = [path.read_text() if path.exists() else "" for path in streams[1:]]
        return CompletedProcess(words, code, *said)


def fork(
    words: list[str], folder: str, variables: dict[str, str], streams: tuple[str, str, str]
) -> int:
    """Be the fork: run a command as Python does, and return its exit code."""
    signal.alarm(SECONDS)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    _open(*streams)
    _warn()
    try:
        _run(words)
        code: object = 0
    except SystemExit as leaving:
        code = leaving.code
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    if isinstance(code, str):
        print(code, file=sys.stderr)
    return code if isinstance(code, int) else int(code is not None)


def _open(stdin: str, stdout: str, stderr: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    os.dup2(os.open(stdin, os.O_RDONLY), 0)
    os.dup2(os.open(stdout, flags), 1)
    os.dup2(os.open(stderr, flags), 2)
    sys.stdin = os.fdopen(0, closefd=False)  # the other one has read ahead


def _warn() -> None:
    warnings.filters.remove(_ERRORS)  # type: ignore[attr-defined]
    sys.warnoptions[:] = [one for one in os.environ.get("PYTHONWARNINGS", "").split(",") if one]
    for option in sys.warnoptions:
        warnings.simplefilter(option)  # type: ignore[arg-type]


def _run(words: list[str]) -> None:
    sys.orig_argv = [sys.executable, *words]
    module = words[0] == "-m"
    first = os.getcwd() if module else os.path.dirname(os.path.abspath(words[0]))
    given = [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one]
    others = [one for one in sys.path[1:] if one != str(ROOT)]
    sys.path[:] = [first, *given, *others, str(ROOT)]
    importlib.invalidate_caches()
    sys.argv[:] = words[1:] if module else words
    if module:
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(words[0], run_name="__main__")
