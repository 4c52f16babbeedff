"""What one `fit` carries: assembly, state, callbacks and run, and the loop over them."""

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from stride.callbacks.protocols import TrainerLike
from stride.callbacks.stopping import StoppingCallback
from stride.data.batches.memory import MemoryBatches
from stride.data.batches.windows import TrainingBatches
from stride.distributed import on_main, world_size
from stride.engine.batch_norm import require_shares
from stride.engine.checkpoint.checkpoint import require_storable
from stride.engine.checkpoint.modules import WeightsState
from stride.engine.dynamo import compile_calls
from stride.engine.epoch_losses import EpochLosses
from stride.engine.fingerprint import Fingerprint
from stride.engine.hooks import VALIDATION, Hooks
from stride.engine.loop import Loop
from stride.engine.optim.optimizers import (
    NamedSchedules,
    Optimizers,
    part_name,
    schedules_by_part,
)
from stride.engine.optim.schedule import Schedule
from stride.engine.optim.state import OptimizerState
from stride.engine.parallel.build import build_gradients
from stride.engine.random import EvaluationStream, evaluation_stream, shared_stream
from stride.engine.state import Latest, LoaderState, TrainState
from stride.engine.stop_consensus import StopConsensus
from stride.engine.stopping import Limits, StopRequest
from stride.engine.update import Update
from stride.errors import ConfigError
from stride.log import LOGGER
from stride.runs.keeping.space import require_space
from stride.trainer.fit.assembly import Assembly, steps_per_epoch
from stride.trainer.fit.callback_set import CallbackSet
from stride.trainer.fit.object_scan import ObjectScan
from stride.trainer.fit.run_recorder import RunRecorder


class Start(Protocol):
    """What a session asks of where it begins."""

    saved: Mapping[str, Any]
    evaluation_draws: str

    def restore_state(self, session: "Session") -> None:
        """Put the saved state back."""

    def lineage(self) -> Mapping[str, Any] | None:
        """Return from which run this one comes, None where it comes from none."""

    def report(self, session: "Session", run: RunRecorder) -> list[str]:
        """Write down how exactly the state was put back; return what a person should read."""


@dataclass
class Session:
    """Everything of one training that a config, data and model do not give by themselves.

    A kind of training may give each of its loops another optimiser, schedule and limits.

    Attributes:
        trainer: what callbacks are given.
        start: where the training begins.
        assembly: config, data and model.
        batches: to train on.
        optimizers: move the model's parameters, each its own.
        schedule: moves the learning rate.
        state: counters, and all parts that a checkpoint holds.
        tally: the losses of the epoch under way.
        callbacks: the hooks, best weights, checkpoints.
        metrics: the latest value of each that an epoch or a report gave.
        latest: of all that was written, `trainer.log`'s too.
        stop: what asks the loop to end.
        limits: how long to train.
        fingerprint: the bits of the steps.
        agreement: makes all ranks stop at the same step.
        objects: state of the user's objects that is registered nowhere.
        hooks: those of trainer and callbacks.
        run: the recording, from the claim on.
        results: as in results.json, once they are written.
        state_restored: whether the state is what it is to begin with.
    """

    trainer: TrainerLike
    start: Start
    assembly: Assembly
    batches: TrainingBatches
    optimizers: Optimizers
    schedule: Schedule | NamedSchedules
    state: TrainState
    losses: EpochLosses
    callbacks: CallbackSet
    metrics: Latest
    latest: Latest
    stop: StopRequest
    limits: Limits
    fingerprint: Fingerprint
    consensus: StopConsensus
    objects: ObjectScan
    hooks: Hooks = field(init=False)
    run: RunRecorder = field(init=False)
    results: dict[str, Any] = field(default_factory=dict, init=False)
    state_restored: bool = True
    _kernels_vary: Callable[[], bool] = bool  # which is False
    _stream: EvaluationStream = shared_stream

    def choose_stream(self, *, draws: bool) -> None:
        """Choose from what evaluations draw, where they do: to exchange generators takes time.

        Args:
            draws: whether the evaluation step was seen to.
        """
        if draws or self.assembly.evaluates_otherwise:
            self._stream = evaluation_stream(self.start.evaluation_draws, self.assembly.config.seed)

    def record(self, values: Mapping[str, float]) -> None:
        """Record the values of the current step."""
        self.metrics.update(values)
        self.run.record(values)

    def last_values(self) -> dict[str, float]:
        """Return the latest value of each metric: those of epochs and reports, then the others."""
        others = dict(self.latest)  # which a thread adds to
        return dict(self.metrics) | {n: v for n, v in others.items() if n not in self.metrics}

    def test(self) -> dict[str, float]:
        """Evaluate the test split between its hooks; return nothing where that is not wanted."""
        if not self.assembly.tests:
            return {}
        return self.hooks.around_evaluation("test", self._test, {})

    def drawing(self, split: str) -> AbstractContextManager[None]:
        """Draw in the block from what an evaluation of a split draws from now."""
        return self._stream(split, self.state.step)

    def _test(self, split: str) -> dict[str, float]:
        with self.drawing(split):
            return self.assembly.evaluate(split)

    def _validate(self, split: str) -> dict[str, float]:
        if split == VALIDATION and not self.assembly.validates:
            return {}
        most = self.assembly.config.training_config.evaluate_batches
        with self.callbacks.weights.evaluated(self.assembly.model), self.drawing(split):
            return self.assembly.evaluate(split, batches=most)

    def _maybe_checkpoint(self) -> None:
        """Save the training where it is due, after agreeing with the other ranks."""
        checkpoints, step = self.callbacks.checkpoints, self.state.step
        agreed = self.consensus.is_due(step) and self.consensus.sync(step, checkpoints.stands())
        checkpoints.save_if_due(self.trainer, agreed=agreed)

    def require_storable(self, checkpoints: Path) -> None:
        """Refuse a model that no checkpoint could hold, or no disk, before there is a run.

        Args:
            checkpoints: where they are to be.

        Raises:
            ConfigError: names the parameter or buffer, and why.
            StrideError: there is less room than a checkpoint takes at least.
        """
        try:
            size = require_storable(self.state, self._built())
        except TypeError as error:
            raise ConfigError(str(error), key="model_kwargs", where="model_kwargs") from error
        on_main(partial(require_space, checkpoints, size))

    def _built(self) -> list[str]:
        """Return the parts that stand before any hook is called."""
        movers = [part_name("optimizer", name) for name in self.optimizers]
        return ["model", "modules", *movers, *schedules_by_part(self.schedule), "precision"]

    def restore_counters(self, saved: Mapping[str, Any]) -> None:
        """Let the training stand where a saved state does, and touch nothing of the user's.

        That is enough to tell what is left to train; `restore_state` puts all of it back, once.

        Raises:
            RuntimeError: the state is of another model.
            RunError: it is of another optimiser.
        """
        parts = {name: part for name, part in self.state.parts.items() if name in saved}
        own = self.state.early
        early = [n for n, p in parts.items() if n in own or isinstance(p, StoppingCallback)]
        self.state.load_state_dict({name: saved[name] for name in ("counters", *early)})
        for name, part in parts.items():
            if isinstance(part, (WeightsState, OptimizerState)):
                part.require_fit(saved[name])
        self.state_restored = False
        require_shares_of(self.assembly, self.batches, self.state.position)
        self.callbacks.reconsider(self.stop)

    def restore_state(self, saved: Mapping[str, Any]) -> None:
        """Put the state back, and decide again what is decided after a checkpoint is written."""
        self.state.load_state_dict(saved)
        self.state_restored = True
        self.fingerprint.begin(self.state.step)
        self.callbacks.reconsider(self.stop)

    def _restore_start(self) -> None:
        """Put the state back once the hooks that prepare a training have run; no second time."""
        if self.start.saved:
            self.start.restore_state(self)
            self._settle()
            self.run.forget()  # they logged it when this was reached for the first time
            for line in self.start.report(self, self.run):
                self.run.note(line)
            self.start.saved = {}
            self.run.leave_as({})
        self.objects.noticed.begin()

    def _settle(self) -> None:
        """Put the batches back where the loop has come to its end: a kind may now change them."""
        part: Any = self.state.parts.get("batches")
        part = getattr(part, "part", part)
        if isinstance(part, LoaderState) and (self.stop or self.limits.reached(self.state)):
            part.settle()

    def count_limits_from(self, epoch: int, step: int) -> None:
        """Let the next loop be as long as the config says, from an epoch and step on."""
        self.limits = self.assembly.limits.counted_from(epoch, step)

    def is_over(self) -> bool:
        """Tell whether the training has come to its end."""
        over = bool(self.stop) or self.limits.reached(self.state)
        return over and not self.assembly.kind.has_next_loop()

    def length(self) -> tuple[int | None, int | None]:
        """Return how many epochs and steps it takes, None where that is unknown."""
        if self.assembly.kind.has_next_loop():
            return None, None
        epochs, steps = self.assembly.lengths
        per_epoch = steps_per_epoch(self.assembly.data, self.limits.accumulate)
        state, last = self.state, self.limits.max_epochs
        if steps is None or per_epoch is None or last is None or state.epoch >= last:
            return epochs, steps
        # Of what was done so far other processes may have made other steps.
        left = math.ceil(
            self.batches.batches_left(state.epoch, state.position) / self.limits.accumulate
        )
        total = state.step + left + (last - state.epoch - 1) * per_epoch
        return epochs, min(n for n in (total, self.limits.max_steps) if n is not None)

    def _is_fixed(self) -> bool:
        data = self.assembly.data
        loaders = [
            data.train_loader,
            data.val_loader,
            data.test_loader,
            *data.extra_loaders.values(),
        ]
        return all(one is None or isinstance(one, MemoryBatches) for one in loaders)

    def signs(self) -> dict[str, str]:
        """Return by name what else a training changes and no part of its state restores."""
        return {"training_config.compile": "varied"} if self._kernels_vary() else {}

    def loop(self) -> Loop:
        """Return a loop over the training batches, which enters the session where it begins."""
        training, checkpoints = self.assembly.config.training_config, self.callbacks.checkpoints
        if training.compile:
            self._kernels_vary = compile_calls(self.assembly.model.network, fixed=self._is_fixed())
        return Loop(
            batches=self.batches,
            update=self._update(),
            schedule=self.schedule,
            evaluation=self._validate,
            state=self.state,
            losses=self.losses,
            hooks=self.hooks,
            record=self.record,
            limits=self.limits,
            rates=self.optimizers.rates,
            warn=LOGGER.warning,
            extra_splits=self.assembly.extra if training.with_validation else (),
            stop=self.stop,
            restore_state=self._restore_start,
            judge=partial(self.callbacks.judge, self.trainer),
            maybe_checkpoint=self._maybe_checkpoint
            if world_size() > 1
            else partial(checkpoints.save_if_due, self.trainer),
            checkpoint=partial(checkpoints.save, self.trainer),
            sync_stop=lambda: self.consensus.sync(self.state.step),
        )

    def _update(self) -> Update:
        training = self.assembly.config.training_config
        return Update(
            self.assembly.model,
            self.optimizers,
            self.assembly.precision,
            clip_grad_norm=training.clip_grad_norm,
            measure_norm=training.log_grad_norm,
            before_step=self.hooks.named("before_step"),
            check_loss=training.nonfinite in ("skip", "raise"),
            note_norm=self.losses.note_norm,
            gradients=build_gradients(
                self.assembly.model,
                self.assembly.precision,
                self.assembly.loader("train").example,
                self.assembly.config.distributed_config,
                self.optimizers.names,
            ),
        )


def require_shares_of(assembly: Assembly, batches: TrainingBatches, position: int = 0) -> None:
    """Refuse a process without samples where others wait for it; own loaders are each rank's."""
    if assembly.config.distributed_config.sync_batchnorm and not assembly.has_own_loader:
        require_shares(batches, position)
