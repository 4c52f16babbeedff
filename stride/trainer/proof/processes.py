"""Start the processes of a proof, new ones or forks of this one, and wait until each has ended."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import torch

from stride import errors
from stride.config import Resolved
from stride.config.values import Raw, flatten, plain
from stride.distributed.parent_death import end_with_parent
from stride.engine.random import seed_everything
from stride.engine.signals import Interrupted
from stride.engine.stopping import StopRequest
from stride.errors import RunFailed, StrideError, UserError
from stride.trainer.flow import Trainable
from stride.trainer.proof.worker import Task, answer, work

_BETWEEN_LOOKS = 0.02  # seconds
_LINES = 60  # of what a process printed, told with its error
_SOCKET = "/pymp-12345678/listener-12345678"  # as Python's multiprocessing names them
_LONGEST_SOCKET = 103  # bytes of a path, on macOS; 107 on Linux
_AUTOGRAD = "autograd's threading"  # in the words of torch, which has started threads

Poll = Callable[[], int | None]


class _Paths(NamedTuple):
    """The files of one process."""

    task: Path
    answer: Path
    output: Path


class Starter(ABC):
    """Start processes that have the same training, one after the other.

    What they print goes to files. Each is the leader of a group of its own, so that the workers of
    its loaders end with it.

    Args:
        folder: for their files.
        stop: notes a signal, which ends the process under way.
    """

    def __init__(self, folder: Path, stop: StopRequest) -> None:
        self._folder, self._stop, self._number = folder, stop, 0
        # What is killed cannot remove its own temporary files, as sockets of a loader's workers,
        # whose paths may not be long.
        fits = len(os.fsencode(folder)) + len(_SOCKET) <= _LONGEST_SOCKET
        self._scratch = {"TMPDIR": str(folder)} if fits else {}

    @abstractmethod
    def _start(self, task: Task | None, paths: _Paths) -> tuple[int, Poll]:
        """Start a process; return its id, and what gives its exit code once it has ended."""

    def look(self) -> dict[str, Any]:
        """Return what `look` finds in a process of its own.

        Raises:
            UserError: what the process refused.
            RunFailed: it failed otherwise.
        """
        found, failure = self._run(None)
        if failure is not None:
            raise failure
        return found

    def train(self, task: Task) -> StrideError | None:
        """Train until the process is killed as it is to be; return how it failed, if it did."""
        ended, failure = self._run(task)
        if failure is None and "ended" in ended:
            return UserError(
                f"the training ends after step {ended['ended']}, and is to be killed after "
                f"step {task.until}",
                hint="let it train longer, without early stopping, for this check",
            )
        return failure

    def _run(self, task: Task | None) -> tuple[dict[str, Any], StrideError | None]:
        self._number += 1
        names = ("task-{}.json", "answer-{}.json", "output-{}.txt")
        paths = _Paths(*(self._folder / name.format(self._number) for name in names))
        pid, poll = self._start(task, paths)
        try:
            code = self._wait(poll)
        finally:
            _end(pid, poll)
        values = json.loads(paths.answer.read_text()) if paths.answer.exists() else {}
        if "error" in values:
            return {}, _error(values["error"], paths.output)
        killed = code == -signal.SIGKILL and task is not None and task.is_reached()
        if not values and not killed:
            hint = "the system kills what takes too much memory" * (code == -signal.SIGKILL)
            failure = RunFailed(f"a process of the check ended with exit code {code}", hint=hint)
            return {}, _noted(failure, paths.output)
        return values, None

    def _wait(self, poll: Poll) -> int:
        while (code := poll()) is None:
            if self._stop.signal:
                raise Interrupted(self._stop.signal)
            time.sleep(_BETWEEN_LOOKS)
        return code


def _end(pid: int, poll: Poll) -> None:
    """End a process and its group, if it lives; its id is its own until it was polled."""
    if poll() is not None:
        return
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:  # it has not made its group yet
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    while poll() is None:
        time.sleep(_BETWEEN_LOOKS)


def _error(told: dict[str, str], output: Path) -> StrideError:
    """Return the error that a process told of, of its own class where that is STRIDE's."""
    kind = getattr(errors, told["kind"], RunFailed) if told["kind"] else RunFailed
    error: StrideError = kind.__new__(kind)
    hint = told.get("hint", "--debug shows the traceback")
    StrideError.__init__(error, told["what"], where=told["where"], hint=hint)
    return _noted(error, output)


def _noted(error: StrideError, output: Path) -> StrideError:
    """Add to an error what its process printed last, the traceback included."""
    lines = output.read_text(errors="replace").splitlines() if output.exists() else []
    error.add_note("\n".join(lines[-_LINES:]))
    return error


class NewProcess(Starter):
    """Start new interpreters, which build the training from its config."""

    def __init__(self, folder: Path, stop: StopRequest, resolved: Resolved) -> None:
        super().__init__(folder, stop)
        self._config, self._current = plain(resolved.config), resolved.folder

    def _start(self, task: Task | None, paths: _Paths) -> tuple[int, Poll]:
        typed = [f"{key}={v}" for key, v in flatten(self._config) if isinstance(v, Raw)]
        order = {
            "config": self._config,
            "overrides": typed,  # what is text in the config until its constructor is asked
            "task": None if task is None else asdict(task),
            "answer": str(paths.answer),
            "parent": os.getpid(),
        }
        paths.task.write_text(json.dumps(order))
        places = [place or os.getcwd() for place in sys.path]
        with paths.output.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "stride.trainer.proof", str(paths.task)],
                cwd=self._current,  # from which the relative paths are
                env={**os.environ, **self._scratch, "PYTHONPATH": os.pathsep.join(places)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        return process.pid, process.poll


class ForkedProcess(Starter):
    """Fork this process, which has objects that no other can build."""

    def __init__(
        self, folder: Path, stop: StopRequest, trainer: Trainable, resolved: Resolved
    ) -> None:
        super().__init__(folder, stop)
        self._trainer, self._resolved = trainer, resolved

    def look(self) -> dict[str, Any]:
        """Return what `look` finds in a fork, which has no gradients where its parent had some.

        Raises:
            UserError: as of any process; or torch cannot be forked any more.
        """
        try:
            return super().look()
        except StrideError as error:
            if _AUTOGRAD not in error.what:
                raise
            raise UserError(
                "this process cannot be forked any more: it has computed gradients beside a device",
                hint="call check(resume=True) before anything is trained",
            ) from error

    def _start(self, task: Task | None, paths: _Paths) -> tuple[int, Poll]:
        process = multiprocessing.get_context("fork").Process(
            target=self._be_child, args=(task, paths, os.getpid())
        )
        with warnings.catch_warnings():
            # That other threads run: what they may hold is none of the training's.
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
        return int(process.pid or 0), lambda: process.exitcode

    def _be_child(self, task: Task | None, paths: _Paths, parent: int) -> None:
        os.setpgid(0, 0)
        end_with_parent(parent)
        os.environ |= self._scratch
        tempfile.tempdir = None  # found again when it is asked for
        sys.stdout = sys.stderr = paths.output.open("w", buffering=1)
        for number in (1, 2):
            os.dup2(sys.stdout.fileno(), number)
        torch.set_num_threads(1)  # torch's threads are not forked with it, and would be waited for
        seed_everything(self._number)  # as each process has a random state of its own
        answer(paths.answer, lambda: work(self._trainer, self._resolved, task))
