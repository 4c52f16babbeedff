"""Bring a training to its end: by its limit, a stop, a signal or an exception."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from stride.engine.device import peak_memory
from stride.engine.random import rank_seed, seed_everything
from stride.engine.signals import Interrupted, obeying_signals
from stride.engine.stopping import StopRequest
from stride.log import LOGGER
from stride.models.shards import is_sharded
from stride.trainer.fit.monitors import missing_metric_hint
from stride.trainer.fit.results import Stopwatch, results_of, summary
from stride.trainer.fit.session import Session
from stride.trainer.process_state import drawing


class Finalizer:
    """Leave a readable run, however its training ends.

    Args:
        session: what is trained.
        stopwatch: measures it.
    """

    def __init__(self, session: Session, stopwatch: Stopwatch) -> None:
        self._session = session
        self._stopwatch = stopwatch
        self._together = False  # whether all ranks are here: who failed alone asks no other

    @contextmanager
    def run_guarded(self) -> Iterator[None]:
        """Time the loop in the block; save what there is when an exception ends it.

        Raises:
            Interrupted: a signal ended it, with a checkpoint behind it.
        """
        session = self._session
        config, checkpoints = session.assembly.config, session.callbacks.checkpoints
        seed_everything(rank_seed(config.seed))
        counted = session.batches.batch_size is not None  # else batches are, not samples
        self._stopwatch.start(session.state if counted else None)
        try:
            grace = config.checkpoint_config.grace_seconds
            stop = session.stop
            with obeying_signals(session.consensus.local_request, grace):
                yield
                if stop.signal:
                    checkpoints.save(session.trainer)
                checkpoints.finish(session.trainer)
            if stop.signal:
                self._together = True
                raise Interrupted(stop.signal)
        except BaseException as error:
            session.run.hold_sigterm()
            self._stopwatch.stop()
            self._on_failure(error)
            raise
        self._stopwatch.stop()

    def _on_failure(self, error: BaseException) -> None:
        """Save what there is; nothing here may hide the exception."""
        try:
            self._session.hooks.call("on_exception", error)
        except Exception:
            LOGGER.exception("the hook on_exception failed")
        if not self._session.state_restored:  # what the run has is better
            return
        try:
            # The last weights of a failed run may be anything; those of a signal are sound.
            self._save_results(test={}, sound=isinstance(error, KeyboardInterrupt))
        except Exception as late:
            LOGGER.warning("no results were saved: %s: %s", type(late).__name__, late)

    def finish(self) -> None:
        """Put the best weights back, evaluate them on the test split, write the results."""
        session = self._session
        session.callbacks.best.restore(session.assembly.model)
        test: dict[str, float] = {}
        try:
            with drawing():
                test = session.test()
            self._together = True
        finally:
            self._save_results(test)
        if told := summary(session.results):
            session.run.note(told)
        if stop := session.stop:
            self._end_as(stop)

    def _end_as(self, stop: StopRequest) -> None:
        """Let the run end as it was asked to, and say why and what to type, if that is known."""
        status, reason, run = stop.status, stop.reason, self._session.run
        if stop.spent:
            status, reason = "stopped", f"the budget of {stop.spent} is used up"
        run.end_as(status, reason)
        command = "resume" if stop.spent else "label" if status == "waiting" else ""
        to_type = f"; to go on, type: stride {command} {run.paths.path}" if command else ""
        run.note(f"{status}: {reason}{to_type}")

    def _save_results(self, test: Mapping[str, float], *, sound: bool = True) -> None:
        session, model = self._session, self._session.assembly.model
        best = session.callbacks.best
        if self._together or not is_sharded(model.network):
            best.write(session.trainer, or_present=sound)
        session.run.flush()  # the last of what was logged is among the last values
        session.results |= results_of(
            state=session.state,
            monitor=session.callbacks.monitor,
            best=best.best,
            last=session.last_values(),
            test=test,
            timings={**self._stopwatch.timings(), **peak_memory(session.assembly.device)},
            parameters=sum(p.numel() for p in model.parameters()),
            weights_sha256=session.run.weights_sha256,
        )
        session.run.write_results(session.results)


def best_value(session: Session) -> float:
    """Return the best value of the monitored metric; NaN where no evaluation gave a number."""
    value, metric = session.callbacks.best.best.value, session.callbacks.monitor.metric
    if value is None and metric:
        hint = missing_metric_hint(metric, session.metrics)
        LOGGER.warning("no evaluation gave a number for %s%s", metric, hint and f"; {hint}")
    return math.nan if value is None else value
