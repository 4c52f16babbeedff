"""Evaluate the checkpoints of a run in a process of its own, for which no training waits."""

import os
import threading
import time
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Self

from stride.callbacks.base import Callback
from stride.callbacks.protocols import TrainerLike
from stride.config import Overrides
from stride.distributed import is_main
from stride.engine.checkpoint.background import BackgroundTask
from stride.errors import RunError, StrideError, UserError
from stride.log import LOGGER
from stride.periodic import PeriodicTask
from stride.runs.layout import RunPaths
from stride.trainer.evaluation.follower import EVERY
from stride.trainer.evaluation.process import EvaluatorProcess

_LOOK_EVERY = 5.0  # seconds between two looks whether the process lives
_CRASHES = 3  # after one another, without a row in between: then it is given up


class AsyncEvaluator(Callback):
    """Evaluate the checkpoints of a run in a process of its own while it is trained.

    It does what `stride evaluate RUN --follow` does, at a low priority: the rows come into
    evaluations.jsonl under the step of their checkpoint, and what it says into logs/evaluator.log.
    A process that crashes is told of and started again, and given up after three times in a row.
    Nothing that befalls it ends the training, which waits for it nowhere but in `finish`.

    As a callback it starts with the training. In a `with` block it is waited for at its end:

        with AsyncEvaluator() as evaluator:
            Trainer("W", callbacks=[evaluator]).fit()

    Args:
        run: the run's folder; None for that of the training whose callback it is.
        splits: what is evaluated; none: what the training's own evaluations would be over.
        metrics: by name; None for those of the run's config.
        overrides: changes to the run's config, as `device=cpu`.
        every: seconds between two looks for a checkpoint.
        max_wait: seconds that `finish` waits for the last checkpoint.
        trust_code: whether you vouch for the import paths in the run's config.
    """

    def __init__(
        self,
        run: str | PathLike[str] | None = None,
        *,
        splits: Sequence[str] = (),
        metrics: Sequence[str] | None = None,
        overrides: Overrides = None,
        every: float = EVERY,
        max_wait: float = 60.0,
        trust_code: bool = False,
    ) -> None:
        asked = {"splits": list(splits), "metrics": None if metrics is None else list(metrics)}
        how = {"overrides": overrides, "trust_code": trust_code, "every": every}
        self._order: dict[str, Any] = asked | how
        self._folder = os.getcwd()  # from which relative paths are
        self._run = run
        self._max_wait = max_wait
        self._turn = threading.Lock()
        self._looks = PeriodicTask(_LOOK_EVERY, self.check)
        self._paths = RunPaths(Path())
        self._process: EvaluatorProcess | None = None
        self._num_crashes, self._size = 0, 0

    def before_train(self, trainer: TrainerLike) -> None:
        """Start with the training, on rank 0; a further loop finds it at its work."""
        folder = self._run or trainer.run.paths.path
        if is_main() and not self._is_at_work(folder):
            self.start(folder)

    def on_exception(self, trainer: TrainerLike, error: BaseException) -> None:
        """Let the process end by itself: who has pressed Ctrl-C is not kept waiting."""
        self._let_go()

    def start(self, run: str | PathLike[str] | None = None) -> None:
        """Start the process, and look from now on whether it lives.

        Args:
            run: the run's folder, where none was given before.

        Raises:
            RunError: no run is given.
        """
        self._let_go()
        if (folder := run or self._run) is None:
            raise RunError("no run is given", hint="type: AsyncEvaluator(run).start()")
        self._paths, self._num_crashes = RunPaths(Path(os.path.abspath(folder))), 0
        self._launch()
        self._looks.start()

    def check(self) -> None:
        """Tell of a process that has crashed and start it again; called every few seconds."""
        with self._turn:
            process = self._process
            if process is None or not process.code:  # lives, or has done all that there was
                return
            self._process = None
            process.reap()
            log = f"its log is {self._paths.evaluator_log}"
            if process.code == UserError.exit_code:
                LOGGER.warning("the evaluator cannot evaluate this run: %s", log)
            elif self._count_crash() >= _CRASHES:
                crashes = f"{process.ending()}, {_CRASHES} times in a row"
                LOGGER.warning("the evaluator has ended %s, and is given up: %s", crashes, log)
            else:
                told = "the evaluator has ended %s, and is started again: %s"
                LOGGER.warning(told, process.ending(), log)
                self._launch()

    def finish(self, wait: float | None = None) -> bool:
        """Wait until all checkpoints that are there have their rows, the last one first.

        To be called when no further one comes. Where it takes longer, that is told, and the
        process goes on by itself.

        Args:
            wait: seconds at most; None: `max_wait`.

        Returns:
            Whether they have.
        """
        self._looks.stop()
        seconds = self._max_wait if wait is None else wait
        until = time.monotonic() + seconds
        while (process := self._process) is not None:
            process.tell_end()
            code = process.wait(until - time.monotonic())
            if code is None:
                told = "checkpoints still wait for their evaluation after %g s: process %d goes on"
                LOGGER.warning(told, seconds, process.pid)
            if not code:
                self._let_go()
                return code == 0
            self.check()
        return False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.finish()
        else:
            self._let_go()

    def _is_at_work(self, run: str | PathLike[str]) -> bool:
        """Tell whether a process evaluates the checkpoints of this very run."""
        process, same = self._process, self._paths.path == Path(os.path.abspath(run))
        return process is not None and process.code is None and same

    def _launch(self) -> None:
        self._size = self._written()
        try:
            self._process = EvaluatorProcess(self._paths, self._order, self._folder)
        except StrideError as error:  # no reason to end a training
            LOGGER.warning("no evaluator is started: %s", error)

    def _count_crash(self) -> int:
        """Return how many processes have crashed one after the other without a row in between."""
        self._num_crashes = 1 if self._written() > self._size else self._num_crashes + 1
        return self._num_crashes

    def _written(self) -> int:
        """Return the bytes of the rows so far."""
        try:
            return self._paths.evaluations.stat().st_size
        except OSError:
            return 0

    def _let_go(self) -> None:
        """Let the process come to its end by itself, if there is one."""
        self._looks.stop()
        process, self._process = self._process, None
        if process is not None:
            process.tell_end()
            BackgroundTask(process.reap)
