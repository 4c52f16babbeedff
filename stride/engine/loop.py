"""The one training loop: epochs of updates, with everything else at reporting steps.

before_train
for each epoch:
    before_epoch
    for each window of batches:
        forward, backward, before_step, clip, optimizer     `advance`
        schedule, after_step, an evaluation and a checkpoint if they are due
    before_evaluate, evaluate, after_evaluate
    schedule (of epochs)
    record
    after_epoch                  best weights, checkpoint, then the decision to stop
after_train

A training that is resumed enters where it was left. Its `before_train`, and inside of an epoch its
`before_epoch`, are called before the state is put back, so that what they change does not last.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

from stride.data.batches.waiting import WaitEnded
from stride.data.batches.windows import TrainingBatches, windows
from stride.engine.epoch_losses import EpochLosses
from stride.engine.hooks import VALIDATION, Hooks
from stride.engine.optim.optimizers import NamedSchedules
from stride.engine.optim.schedule import Schedule
from stride.engine.state import TrainState
from stride.engine.stopping import Limits, StopRequest
from stride.engine.update import NonFiniteLoss
from stride.errors import DataError, NonFiniteError
from stride.models.steps.step import Step


def _nothing(*_: Any) -> None:
    """Take the place of what a loop without a run has no use for."""


class Updates(Protocol):
    """What makes the updates of a loop: an `Update`, or what a kind of training has instead."""

    def train(self, mode: bool = True) -> None:
        """Switch what is trained to training or to evaluation."""

    def evaluating(self) -> AbstractContextManager[None]:
        """Switch to evaluation in the block, and back after it."""

    def gradients(self, window: Sequence[Any]) -> Step:
        """Do all of an update that comes before its step is counted; return the step."""

    def apply(self, window: Sequence[Any], step: Step) -> None:
        """Move the weights."""


@dataclass
class Loop:
    """Train a model until a limit or a stop.

    Attributes:
        batches: the training batches.
        update: makes an optimiser update over a window of batches; holds the model.
        schedule: the learning rate's.
        evaluation: gives the metrics of a split, here the validation split; none, an empty dict.
        state: the counters, kept true at every hook.
        tally: the epoch's losses.
        hooks: called at the places named at the top of this file.
        record: takes the values of a reporting step.
        rates: gives `lr` and its like for a row.
        warn: told of a skipped update.
        extra_splits: what is evaluated beside the validation split, by name.
        stop: what asks the loop to end.
        restore_state: puts the state of a resumed training back.
        judge: takes the values of an evaluation inside an epoch, by which weights are the best and
            a training may end.
        maybe_checkpoint: called when a step is complete and reported: a checkpoint may be due.
        checkpoint: called when the state must be saved, as before an evaluation that ends a
            training in mid-epoch.
        sync_stop: makes what one rank was asked known to all, at the end of an epoch; inside it
            `maybe_checkpoint` does.
        own_values: gives what a kind of training adds to an epoch's row.
        step: what the newest update returned, for hooks.
    """

    batches: TrainingBatches
    update: Updates
    schedule: Schedule | NamedSchedules
    evaluation: Callable[[str], Mapping[str, float]]
    state: TrainState
    losses: EpochLosses
    hooks: Hooks
    record: Callable[[Mapping[str, float]], None]
    limits: Limits
    rates: Callable[[], dict[str, float]]
    warn: Callable[[str], None]
    extra_splits: Sequence[str] = ()
    stop: StopRequest = field(default_factory=StopRequest)
    restore_state: Callable[[], None] = _nothing
    judge: Callable[[dict[str, float]], None] = _nothing
    maybe_checkpoint: Callable[[], None] = _nothing
    checkpoint: Callable[[], None] = _nothing
    sync_stop: Callable[[], object] = _nothing
    own_values: Callable[[], Mapping[str, float]] = dict
    step: Step | None = field(default=None, init=False)

    def run(self) -> None:
        """Train until an epoch or step limit, a stop request, or a signal.

        Raises:
            NonFiniteError: a loss is not finite, and it is not to be skipped.
            DataError: the training loader gives no batch.
        """
        for window in self.windows():
            self.advance(window)

    def windows(self) -> Iterator[Sequence[Any]]:
        """Yield the batches of one update after the other; do all else in between.

        Whoever draws a window has made its update, and counted it as `advance` does, before the
        next one is drawn. So several loops can be led together, with one update for all.

        Raises:
            NonFiniteError: a loss is not finite, and it is not to be skipped.
            DataError: the training loader gives no batch.
        """
        # The order is load-bearing: `restore_counters` has put the counters back before this, so
        # that the hooks know where they are; the whole state follows them, so that what they draw
        # or change in a resumed training does not last: in the first one it was done already.
        self.hooks.call("before_train")
        inside = self.state.position > 0
        if inside:
            self.hooks.call("before_epoch")
            self.update.train()  # before the saved modes, which may differ, are restored
        self.restore_state()
        if inside and self.over():
            self._end_epoch(complete=self._is_over())
        while not self.over():
            if not inside:
                self.hooks.call("before_epoch")
            inside = False
            complete = yield from self._epoch()
            if self.stop.signal:
                return
            if not complete:
                self.checkpoint()
            self._end_epoch(complete)
        self.hooks.call("after_train")

    def advance(self, window: Sequence[Any]) -> None:
        """Make the update of a window, and count it."""
        state, update = self.state, self.update
        try:
            step = update.gradients(window)
        except NonFiniteLoss as refused:
            step = self._refuse(refused)
            state.step += 1
        else:
            self.count(step)
            update.apply(window, step)
        self.step = step

    def count(self, step: Step) -> None:
        """Count an update whose gradients stand, before it moves the weights."""
        self.state.step += 1
        self.losses.add(step)  # its values may be parameters, which the update moves

    def over(self) -> bool:
        """Tell whether a limit is reached or a stop asked for."""
        return bool(self.stop) or self.limits.reached(self.state)

    def _epoch(self) -> Generator[Sequence[Any], None, bool]:
        """Yield the windows up to the end of the epoch, a limit or a stop.

        Returns:
            Whether the epoch is over.
        """
        state, stop = self.state, self.stop
        max_steps, log_interval = self.limits.max_steps, self.limits.log_interval
        after_step = self.hooks.named("after_step")
        windows, positions = self._begin_epoch()
        self._maybe_evaluate()  # where a signal came before it was done
        for window in windows:
            yield window
            *_, state.position = islice(positions, len(window))
            if self.schedule.every_step:
                self.schedule.step(self.step.optimizer if self.step else "")
            for hook in after_step:
                hook(self.step)
            if state.step % log_interval == 0:
                self._report()
            self._maybe_evaluate()
            state.hooks_done_step = state.step
            self.maybe_checkpoint()
            if stop or state.step == max_steps:
                # Asked for more, a user's loader comes to its end, and with it to its last draws.
                complete = self._is_over() and next(windows, None) is None
                break
        else:
            complete = True
        state.hooks_done_step, self.step = 0, None  # what it holds of the model's outputs is let go
        self._require_progress()
        self._check_finite()
        return complete

    def _is_over(self) -> bool:
        """Tell whether nothing is left of the epoch."""
        return self.batches.batches_left(self.state.epoch, self.state.position) <= 0

    def _require_progress(self) -> None:
        if self.state.position == 0:
            raise DataError(
                "the training loader gives no batch",
                where="load_data_kwargs",
                hint="use a smaller batch_size, or drop_last=false",
            )

    def _begin_epoch(self) -> tuple[Iterator[Sequence[Any]], Iterator[int]]:
        """Return the windows that are left of the epoch, and the position after each batch."""
        epoch, position = self.state.epoch, self.state.position
        if position == 0:
            self.update.train()
            self.losses.reset()
        self.batches.set_epoch(epoch, position)
        positions = self.batches.positions(epoch, position)
        return self._awaited(windows(self.batches, self.limits.accumulate)), positions

    def _awaited(self, windows: Iterator[Sequence[Any]]) -> Iterator[Sequence[Any]]:
        """Let a wait that a signal has ended be the end, where the last step can be saved."""
        try:
            yield from windows
        except WaitEnded:
            # Without a signal here other ranks are in a step; at its beginning, an epoch's hooks
            # have run that run again on resuming.
            if not (self.stop.signal and self.state.position and self.batches.interruptible):
                raise

    def _refuse(self, refused: NonFiniteLoss) -> Step:
        """Skip a window whose loss is not finite, or raise."""
        state = self.state
        where = f"step {state.step + 1}, samples from {state.position} of epoch {state.epoch + 1}"
        if self.limits.nonfinite == "raise":
            raise NonFiniteError("the loss is not finite", where=where) from None
        self.losses.skip()
        self.warn(f"the loss is not finite at {where}: update skipped")
        return refused.step

    def _report(self) -> None:
        self.record(self.losses.report_values() | self.rates())
        self._check_finite()

    def _check_finite(self) -> None:
        """Raise when a loss since the epoch's beginning is not finite, naming its step."""
        bad = self.losses.first_nonfinite()
        if bad is None:
            return
        index, count = bad
        raise NonFiniteError(
            "the loss is not finite",
            where=f"step {self.state.step - count + index + 1}, "
            f"{self.limits.batches_of(index)} of epoch {self.state.epoch + 1}",
            hint="look for NaN in the data, lower optimizer_kwargs.lr, set "
            "training_config.clip_grad_norm, or training_config.nonfinite=skip",
        )

    def _end_epoch(self, complete: bool) -> None:
        state, rates = self.state, self.rates()
        self.update.train(False)
        values = {**self.losses.epoch_values(), **self.own_values()}
        if complete:
            state.epoch += 1
            state.drawn += state.position
            state.position = 0
        if self._evaluates(complete):
            values = self._evaluate(values)
        if complete:
            self.schedule.after_epoch(values)
        self.record(values | rates)
        self.hooks.call("after_epoch", values)
        self.sync_stop()

    def _evaluate(self, values: dict[str, float]) -> dict[str, float]:
        """Evaluate; return the values, now with those of the evaluation.

        The validation split comes last: its hooks see the values of all splits.
        """
        for split in self.extra_splits:
            values |= self.hooks.around_evaluation(split, self.evaluation, {})
        return self.hooks.around_evaluation(VALIDATION, self.evaluation, values)

    def _maybe_evaluate(self) -> None:
        """Evaluate inside an epoch where that is due; its end, and that of a loop, do so too."""
        state, every = self.state, self.limits.evaluate_every_steps
        if every is None or state.step % every or state.step == state.evaluated:
            return
        if state.position == 0 or self.over() or self._is_over():
            return
        self._check_finite()
        with self.update.evaluating():
            values = self._evaluate({})
        state.evaluated = state.step
        self.schedule.after_evaluation(values)
        self.record(values)
        self.judge(values)

    def _evaluates(self, complete: bool) -> bool:
        """Tell whether an epoch ends with an evaluation.

        One that is no part of a training which goes on is made in mid-epoch alone: the checkpoint
        stands before it there, and its row is cut off when the training is resumed.
        """
        state, stop = self.state, self.stop
        if state.evaluated == state.step:
            return False
        due = state.epoch % self.limits.evaluate_every == 0 or self.limits.reached(state)
        return due or not complete or (bool(stop) and not stop.pauses)
