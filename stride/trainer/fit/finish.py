"""Bring a training to its end: by its limit, a stop, a signal or an exception."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from stride.engine.random import rank_seed, seed_everything
from stride.engine.signals import Interrupted, obeying_signals
from stride.log import LOGGER
from stride.models.shards import is_divided
from stride.trainer.fit.results import Stopwatch, results_of, summary
from stride.trainer.fit.session import Training


class Ending:
    """Leave a readable run, however its training ends.

    Args:
        trainer: has the run, the hooks, the newest metrics; is given the results.
        training: what is trained.
        watch: measures it.
    """

    def __init__(self, trainer: Any, training: Training, watch: Stopwatch) -> None:
        self._trainer = trainer
        self._training = training
        self._watch = watch
        self._together = False  # whether all ranks are here: who failed alone asks no other

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Time the loop in the block; save what there is when an exception ends it.

        Raises:
            Interrupted: a signal ended it, with a checkpoint behind it.
        """
        config, checkpoints = self._training.assembly.config, self._training.watch.checkpoints
        seed_everything(rank_seed(config.seed))
        counted = self._training.batches.batch_size is not None  # else batches are, not samples
        self._watch.start(self._training.state if counted else None)
        try:
            grace = config.checkpoint_config.grace_seconds
            stop = self._training.stop
            with obeying_signals(self._training.agreement.asked, grace):
                yield
                if stop.signal:
                    checkpoints.save(self._trainer)
                checkpoints.finish(self._trainer)
            if stop.signal:
                self._together = True
                raise Interrupted(stop.signal)
        except BaseException as error:
            self._trainer.run.hold_sigterm()
            self._watch.stop()
            self._leave(error)
            raise
        self._watch.stop()

    def _leave(self, error: BaseException) -> None:
        """Save what there is; nothing here may hide the exception."""
        try:
            self._trainer.hooks.call("on_exception", error)
        except Exception:
            LOGGER.exception("the hook on_exception failed")
        if not self._training.entered:  # what the run has is better
            return
        try:
            # The last weights of a failed run may be anything; those of a signal are sound.
            self._save_results(test={}, sound=isinstance(error, KeyboardInterrupt))
        except Exception as late:
            LOGGER.warning("no results were saved: %s: %s", type(late).__name__, late)

    def conclude(self) -> None:
        """Put the best weights back, evaluate them on the test split, write the results."""
        trainer, training = self._trainer, self._training
        training.watch.best.restore(training.assembly.model)
        test: dict[str, float] = {}
        try:
            if training.assembly.data.test_loader is not None:
                test = trainer.evaluate("test")
            self._together = True
        finally:
            self._save_results(test)
        trainer.run.note(summary(trainer.results))
        if training.stop:
            trainer.run.end_as(training.stop.status, training.stop.reason)

    def _save_results(self, test: Mapping[str, float], *, sound: bool = True) -> None:
        trainer, watched = self._trainer, self._training.watch
        if self._together or not is_divided(trainer.model.network):
            watched.best.write(trainer, or_present=sound)
        trainer.results = results_of(
            state=self._training.state,
            monitor=watched.monitor,
            best=watched.best.best,
            last=trainer.metrics,
            test=test,
            timings=self._watch.timings(),
            parameters=sum(p.numel() for p in trainer.model.parameters()),
            weights_sha256=trainer.run.weights_sha256,
        )
        trainer.run.write_results(trainer.results)

    def best_value(self) -> float:
        """Return the best value of the monitored metric; NaN where no evaluation gave a number."""
        value = self._training.watch.best.best.value
        if value is None:
            metric = self._training.watch.monitor.metric
            LOGGER.warning("no evaluation gave a number for %s", metric)
        return math.nan if value is None else value
