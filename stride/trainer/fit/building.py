"""Build what one `fit` works with, for an assembly of data and model."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from torch.optim import Optimizer

from stride.callbacks.base import Callback
from stride.callbacks.digests import WeightDigests
from stride.config.schema import Config
from stride.data.batches.user_loader import ResumableUserLoaderBatches, UserLoaderBatches
from stride.distributed import world_size
from stride.engine.batch_norm import share_statistics
from stride.engine.checkpoint.modules import ModuleState, RankBuffers, WeightsState
from stride.engine.epoch_losses import EpochLosses
from stride.engine.fingerprint import Fingerprint
from stride.engine.loop import Batches
from stride.engine.optim import (
    OptimizerState,
    Schedule,
    build_optimizer,
    build_schedule,
)
from stride.engine.parallel.fsdp import divide, require_fsdp_fits
from stride.engine.random import RandomState
from stride.engine.state import LAST, Latest, LoaderState, Stateful, TrainState, shard_batches
from stride.engine.stop_consensus import PerRankState, StopConsensus
from stride.engine.stopping import StopRequest
from stride.engine.update import check_optimizer
from stride.models.shards import is_sharded
from stride.trainer.fit.assembly import Assembly
from stride.trainer.fit.callback_set import build_callbacks
from stride.trainer.fit.kind import Kind
from stride.trainer.fit.object_scan import Objects, ObjectScan
from stride.trainer.fit.open_sections import values_of
from stride.trainer.fit.run_start import RunStart
from stride.trainer.fit.session import Session, has_own_loader, limits_of, require_shares_of


def build_session(
    trainer: Any,
    kind: Kind,
    start: RunStart,
    assembly: Assembly,
    callbacks: Iterable[Callback],
    *,
    parts: Mapping[str, Stateful],
    adds_metrics: bool,
    more: Objects,
) -> Session:
    """Build optimiser, schedule, callbacks and state for an assembly.

    Args:
        trainer: what callbacks are given.
        kind: of training; adds what is its own.
        start: where the training begins; its callbacks are called last.
        assembly: config, data and model.
        callbacks: called after those that the config names.
        parts: more that belongs to the state, by name.
        adds_metrics: whether somebody else may add metrics to those that are evaluated.
        more: gives further objects whose attributes are looked at, by name.

    Raises:
        UserError: the optimiser or scheduler refuses a value, a callback is none, a metric to
            follow is not evaluated, or the kind refuses what it is given.
    """
    config, stop, fingerprint = assembly.config, StopRequest(), Fingerprint()
    consensus = _consensus(config, stop)
    now = consensus.now if world_size() > 1 else time.monotonic
    called, adds = [*callbacks, *start.callbacks], adds_metrics or bool(kind.evaluates)
    callback_set = build_callbacks(assembly, called, adds_metrics=adds, now=now)
    optimizer = build_optimizer_of(assembly)
    section = values_of(config.scheduler_kwargs)
    schedule = build_schedule(section, optimizer, metric=callback_set.monitor.metric)
    if config.training_config.digest_every:
        callback_set.in_order.append(
            WeightDigests(fingerprint, config.training_config.digest_every)
        )
    losses, metrics = _epoch_losses(assembly, fingerprint), Latest()
    parts = {"metrics": metrics, **parts}
    batches = _batches(assembly, parts)
    require_shares_of(assembly, batches)
    own: dict[str, Any] = {
        "tally": PerRankState(losses),
        "stop": stop,
        **callback_set.stateful(),
        **parts,
    }
    state = _state(assembly, optimizer, schedule, own)
    objects = ObjectScan(assembly, callback_set, more, lambda: session, parts)
    state.parts |= {**objects.parts(), LAST: PerRankState(RandomState())}
    session = Session(
        trainer,
        start,
        assembly,
        batches,
        optimizer,
        schedule,
        state,
        losses,
        callback_set,
        metrics,
        stop,
        limits_of(config),
        fingerprint,
        consensus,
        objects,
    )
    kind.set_up(session)
    return session


def _state(
    assembly: Assembly, optimizer: Optimizer, schedule: Schedule, more: Mapping[str, Stateful]
) -> TrainState:
    return TrainState(
        model=WeightsState(assembly.model),
        modules=ModuleState(assembly.model),
        **_parts_of_ranks(assembly),
        optimizer=OptimizerState(optimizer),
        schedule=schedule,
        precision=assembly.precision,
        **more,
    )


def _consensus(config: Config, stop: StopRequest) -> StopConsensus:
    every = config.distributed_config.agree_every
    return StopConsensus(stop, every, config.training_config.log_interval)


def _batches(assembly: Assembly, parts: dict[str, Stateful]) -> Batches:
    """Return what is trained on; where it has a state, put that among the parts."""
    batches: Any = assembly.loader("train")
    if isinstance(batches, UserLoaderBatches) and not isinstance(
        batches, ResumableUserLoaderBatches
    ):
        if batches.seekable or batches.is_stateful():
            parts["batches"] = PerRankState(batches)
    elif hasattr(batches, "state_dict"):
        batches = loader = LoaderState(batches)
        # Ranks draw the same stream; but a loader of the user's is each rank's own.
        parts["batches"] = PerRankState(loader) if has_own_loader(assembly) else loader
    return shard_batches(batches)  # type: ignore[no-any-return]


def _parts_of_ranks(assembly: Assembly) -> dict[str, Stateful]:
    return {"rank_buffers": RankBuffers(assembly.model)} if world_size() > 1 else {}


def _epoch_losses(assembly: Assembly, fingerprint: Fingerprint) -> EpochLosses:
    rated = assembly.metrics(["accuracy"]) if "accuracy" in assembly.metric_names else {}
    copies = has_own_loader(assembly)
    return EpochLosses(rated.get("accuracy"), copies=copies, fingerprint=fingerprint)


def build_optimizer_of(assembly: Assembly) -> Optimizer:
    """Build the optimiser, of parameters divided among the processes where that is asked for."""
    config, model = assembly.config, assembly.model
    if config.distributed_config.sync_batchnorm:
        share_statistics(model, assembly.device)
    if config.distributed_config.strategy == "fsdp":
        divide(model, assembly.device)
    optimizer = build_optimizer(values_of(config.optimizer_kwargs), model.parameters())
    check_optimizer(optimizer, assembly.precision)
    if is_sharded(model.network):
        compiles = config.training_config.compile
        require_fsdp_fits(optimizer, assembly.precision, compiles=compiles)
    return optimizer
