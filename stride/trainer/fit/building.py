"""Build what one `fit` works with, for an assembly of data and model."""

import time
from collections.abc import Iterable
from typing import Any

from torch.optim import Optimizer

from stride.callbacks.base import Callback
from stride.callbacks.digests import WeightDigests
from stride.config.schema import Config
from stride.data.batches.given import GivenBatches, ResumableGivenBatches
from stride.distributed import world_size
from stride.engine.agreement import Agreement, OfEachRank
from stride.engine.batch_norm import share_statistics
from stride.engine.checkpoint.modules import ModuleState, RankBuffers, WeightsState
from stride.engine.fingerprint import Fingerprint
from stride.engine.loop import Batches, Limits, StopRequest
from stride.engine.optim import (
    OptimizerState,
    build_optimizer,
    build_schedule,
)
from stride.engine.parallel.fsdp import divide, require_fsdp_fits
from stride.engine.random import RandomState
from stride.engine.state import LoaderState, Stateful, TrainState, shared
from stride.engine.tally import Tally
from stride.engine.update import require_fitting
from stride.models.shards import is_divided
from stride.trainer.fit.assembly import Assembly
from stride.trainer.fit.beside import Beside, Objects
from stride.trainer.fit.callbacks import build_watch
from stride.trainer.fit.open_sections import values_of
from stride.trainer.fit.session import Training, has_own_loader, require_shares_of


def build_training(
    assembly: Assembly,
    callbacks: Iterable[Callback],
    *,
    adds_metrics: bool = False,
    more: Objects = dict,
    **parts: Stateful,
) -> Training:
    """Build optimiser, schedule, watchers and state for an assembly.

    Args:
        assembly: config, data and model.
        callbacks: called after those that the config names.
        adds_metrics: whether the trainer itself may add metrics to those that are evaluated.
        more: gives further objects whose attributes are looked at, by name.
        parts: more that belongs to the state.

    Raises:
        UserError: the optimiser or scheduler refuses a value, a callback is none, or a metric to
            follow is not evaluated.
    """
    config, stop, fingerprint = assembly.config, StopRequest(), Fingerprint()
    agreement = _agreement(config, stop)
    now = agreement.now if world_size() > 1 else time.monotonic
    watch = build_watch(assembly, callbacks, adds_metrics=adds_metrics, now=now)
    optimizer = build_optimizer_of(assembly)
    section = values_of(config.scheduler_kwargs)
    schedule = build_schedule(section, optimizer, metric=watch.monitor.metric)
    if config.training_config.digest_every:
        watch.callbacks.append(WeightDigests(fingerprint, config.training_config.digest_every))
    tally = _tally(assembly, fingerprint)
    batches = _batches(assembly, parts)
    require_shares_of(assembly, batches)
    state = TrainState(
        model=WeightsState(assembly.model),
        modules=ModuleState(assembly.model),
        **_parts_of_ranks(assembly),
        optimizer=OptimizerState(optimizer),
        schedule=schedule,
        precision=assembly.precision,
        tally=OfEachRank(tally),
        stop=stop,
        **watch.stateful(),
        **parts,
    )
    beside = Beside(assembly, watch, more, lambda: training, parts)
    state.parts |= {**beside.parts(), "random": OfEachRank(RandomState())}
    training = Training(
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
        beside,
    )
    return training


def _agreement(config: Config, stop: StopRequest) -> Agreement:
    every = config.distributed_config.agree_every
    return Agreement(stop, every, config.training_config.log_interval)


def _batches(assembly: Assembly, parts: dict[str, Stateful]) -> Batches:
    """Return what is trained on; where it has a state, put that among the parts."""
    batches: Any = assembly.loader("train")
    if isinstance(batches, GivenBatches) and not isinstance(batches, ResumableGivenBatches):
        if batches.seekable or batches.is_stateful():
            parts["batches"] = OfEachRank(batches)
    elif hasattr(batches, "state_dict"):
        batches = loader = LoaderState(batches)
        # Ranks draw the same stream; but a loader of the user's is each rank's own.
        parts["batches"] = OfEachRank(loader) if has_own_loader(assembly) else loader
    return shared(batches)  # type: ignore[no-any-return]


def _parts_of_ranks(assembly: Assembly) -> dict[str, Stateful]:
    return {"rank_buffers": RankBuffers(assembly.model)} if world_size() > 1 else {}


def _tally(assembly: Assembly, fingerprint: Fingerprint) -> Tally:
    rated = assembly.metrics(["accuracy"]) if "accuracy" in assembly.metric_names else {}
    copies = has_own_loader(assembly)
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
