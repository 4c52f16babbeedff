"""What one `fit` works with: optimiser, schedule, state, watchers and the loop over them."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from torch.optim import Optimizer

from stride.callbacks.base import Callback
from stride.callbacks.digests import WeightDigests
from stride.config.schema import Config
from stride.data.given import GivenBatches
from stride.distributed import world_size
from stride.engine.agreement import Agreement, OfEachRank
from stride.engine.batch_norm import require_shares, share_statistics
from stride.engine.dynamo import compile_calls
from stride.engine.fingerprint import Fingerprint
from stride.engine.hooks import Hooks
from stride.engine.loop import Batches, Limits, Loop, StopRequest
from stride.engine.optim import (
    OptimizerState,
    Schedule,
    build_optimizer,
    build_schedule,
    learning_rate,
)
from stride.engine.parallel.build import build_gradients
from stride.engine.parallel.fsdp import divide, require_fsdp_fits
from stride.engine.random import RandomState
from stride.engine.state import LoaderState, Stateful, TrainState, shared
from stride.engine.tally import Tally
from stride.engine.update import Update, require_fitting
from stride.loggers.text import LOGGER
from stride.models.shards import is_divided
from stride.trainer.fit.assembly import Assembly, lengths, steps_per_epoch, values_of
from stride.trainer.fit.callbacks import Watch, build_watch


@dataclass
class Training:
    """Everything of one training that a config, data and model do not give by themselves.

    Active learning begins each round with another optimiser, schedule and limits.

    Attributes:
        assembly: config, data and model.
        batches: to train on.
        optimizer: moves the model's parameters.
        schedule: moves the learning rate.
        state: counters, and all parts that a checkpoint holds.
        tally: the losses of the epoch under way.
        watch: callbacks, best weights, checkpoints.
        stop: what asks the loop to end.
        limits: how long to train.
        fingerprint: the bits of the steps.
        agreement: makes all ranks stop at the same step.
        goes_on: whether something follows when the limits are reached.
    """

    assembly: Assembly
    batches: Batches
    optimizer: Optimizer
    schedule: Schedule
    state: TrainState
    tally: Tally
    watch: Watch
    stop: StopRequest
    limits: Limits
    fingerprint: Fingerprint
    agreement: Agreement
    goes_on: Callable[[], bool] = bool  # which is False

    def rest(self, trainer: Any) -> None:
        """Save the training where it is due, after agreeing with the other ranks."""
        if self.agreement.is_due(self.state.step):
            self.agreement.agree(self.state.step)
        self.watch.checkpoints.rest(trainer)

    def enter(self, saved: Mapping[str, Any]) -> None:
        """Put the state back, and decide again what is decided after a checkpoint is written."""
        self.state.load_state_dict(saved)
        _require_shares(self.assembly, self.batches, self.state.position)
        self.fingerprint.begin(self.state.step)
        self.watch.reconsider(self.stop)

    def is_over(self) -> bool:
        """Tell whether the training has come to its end."""
        over = bool(self.stop) or self.limits.reached(self.state)
        return over and not self.goes_on()

    def length(self) -> tuple[int | None, int | None]:
        """Return how many epochs and steps it takes, None where nobody knows."""
        if self.goes_on():
            return None, None
        epochs, steps = lengths(self.assembly.config, self.assembly.data)
        per_epoch = steps_per_epoch(self.assembly.data, self.limits.accumulate)
        size, state = self.batches.batch_size, self.state
        if steps is None or per_epoch is None or not size or self.limits.max_epochs is None:
            return epochs, steps
        # Of what was done so far other processes may have made other steps.
        done = -(-state.position // (size * self.limits.accumulate))
        total = state.step + (self.limits.max_epochs - state.epoch) * per_epoch - done
        return epochs, min(n for n in (total, self.limits.max_steps) if n is not None)

    def loop(
        self,
        hooks: Hooks,
        evaluation: Callable[[], dict[str, float]],
        record: Callable[[Mapping[str, float]], None],
        **moments: Callable[[], None],
    ) -> Loop:
        """Return the loop of this training.

        Args:
            hooks: called at the loop's places.
            evaluation: gives the metrics of the validation split.
            record: takes the values of a reporting step.
            moments: what the loop calls to `enter`, `rest` and `save`.
        """
        training = self.assembly.config.training_config
        if training.compile:
            compile_calls(self.assembly.model.network)
        update = Update(
            self.assembly.model,
            self.optimizer,
            self.assembly.precision,
            clip_grad_norm=training.clip_grad_norm,
            before_step=hooks.named("before_step"),
            check_loss=training.nonfinite in ("skip", "raise"),
            note_norm=self.fingerprint.add_norm,
            gradients=build_gradients(
                self.assembly.model,
                self.assembly.precision,
                self.assembly.loader("train").example,
                self.assembly.config.distributed_config,
            ),
        )
        return Loop(
            batches=self.batches,
            update=update,
            schedule=self.schedule,
            evaluation=evaluation,
            state=self.state,
            tally=self.tally,
            hooks=hooks,
            record=record,
            limits=self.limits,
            rates=lambda: {"lr": learning_rate(self.optimizer)},
            warn=LOGGER.warning,
            stop=self.stop,
            agree=lambda: self.agreement.agree(self.state.step),
            **moments,
        )


def build_training(
    assembly: Assembly,
    callbacks: Iterable[Callback],
    *,
    adds_metrics: bool = False,
    **parts: Stateful,
) -> Training:
    """Build optimiser, schedule, watchers and state for an assembly.

    Args:
        assembly: config, data and model.
        callbacks: called after those that the config names.
        adds_metrics: whether the trainer itself may add metrics to those that are evaluated.
        parts: more that belongs to the state.

    Raises:
        UserError: the optimiser or scheduler refuses a value, a callback is none, or a metric to
            follow is not evaluated.
    """
    config, model = assembly.config, assembly.model
    stop = StopRequest()
    every = config.distributed_config.agree_every
    agreement = Agreement(stop, every, config.training_config.log_interval)
    now = agreement.now if world_size() > 1 else time.monotonic
    watch = build_watch(assembly, callbacks, adds_metrics=adds_metrics, now=now)
    optimizer = build_optimizer_of(assembly)
    schedule = build_schedule(
        values_of(config.scheduler_kwargs),
        optimizer,
        metric=watch.monitor.metric,
    )
    fingerprint = Fingerprint()
    if config.training_config.digest_every:
        watch.callbacks.append(WeightDigests(fingerprint, config.training_config.digest_every))
    tally = _tally(assembly, fingerprint)
    batches: Batches = assembly.loader("train")
    if hasattr(batches, "state_dict"):
        batches = loader = LoaderState(batches)
        # Ranks draw the same stream; but a loader of the user's is each rank's own.
        parts["batches"] = OfEachRank(loader) if _has_own_loader(assembly) else loader
    batches = shared(batches)
    _require_shares(assembly, batches)
    state = TrainState(
        model=model,
        optimizer=OptimizerState(optimizer),
        schedule=schedule,
        precision=assembly.precision,
        tally=OfEachRank(tally),
        stop=stop,
        **watch.stateful(),
        **parts,
        random=OfEachRank(RandomState()),
    )
    return Training(
        assembly,
        batches,
        optimizer,
        schedule,
        state,
        tally,
        watch,
        stop,
        limits_of(config),
        fingerprint,
        agreement,
    )


def _require_shares(assembly: Assembly, batches: Batches, position: int = 0) -> None:
    """Refuse a process without samples where others wait for it; own loaders are each rank's."""
    if assembly.config.distributed_config.sync_batchnorm and not _has_own_loader(assembly):
        require_shares(batches, position)


def _has_own_loader(assembly: Assembly) -> bool:
    return isinstance(assembly.data.train_loader, GivenBatches)


def _tally(assembly: Assembly, fingerprint: Fingerprint) -> Tally:
    rated = assembly.metrics(["accuracy"]) if "accuracy" in assembly.metric_names else {}
    copies = _has_own_loader(assembly)
    return Tally(rated.get("accuracy"), copies=copies, fingerprint=fingerprint)


def build_optimizer_of(assembly: Assembly) -> Optimizer:
    """Build the optimiser, of parameters divided among the processes where that is asked for."""
    config, model = assembly.config, assembly.model
    if config.distributed_config.sync_batchnorm:
        share_statistics(model, assembly.device)
    if config.distributed_config.strategy == "fsdp":
        divide(model, assembly.device)
    optimizer = build_optimizer(values_of(config.optimizer_kwargs), model.parameters())
    require_fitting(optimizer, assembly.precision)
    if is_divided(model.network):
        compiles = config.training_config.compile
        require_fsdp_fits(optimizer, assembly.precision, compiles=compiles)
    return optimizer


def limits_of(config: Config) -> Limits:
    """Return how long a config lets a training go on."""
    training = config.training_config
    return Limits(
        training.max_epochs,
        training.max_steps,
        accumulate=training.accumulate,
        evaluate_every=training.evaluate_every,
        log_interval=training.log_interval,
        nonfinite=training.nonfinite,
    )
