"""Build the session of one `fit`, for an assembly of data and model."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from typing import Any

from stride.callbacks.base import Callback
from stride.callbacks.budget import Budget
from stride.callbacks.digests import WeightDigests
from stride.callbacks.protocols import TrainerLike
from stride.config.schema import Config
from stride.data.batches.user_loader import ResumableUserLoaderBatches, UserLoaderBatches
from stride.data.generators import is_stateful
from stride.distributed import world_size
from stride.engine.batch_norm import share_statistics
from stride.engine.checkpoint.modules import ModuleState, RankBuffers, WeightsState
from stride.engine.epoch_losses import EpochLosses
from stride.engine.fingerprint import Fingerprint
from stride.engine.hooks import Hooks
from stride.engine.optim.optimizers import (
    NamedSchedules,
    Optimizers,
    build_optimizers,
    build_schedules,
    part_name,
    schedules_by_part,
)
from stride.engine.optim.schedule import Schedule
from stride.engine.optim.state import OptimizerState
from stride.engine.parallel.fsdp import divide, require_fsdp_fits
from stride.engine.random import RandomState
from stride.engine.state import LAST, Latest, LoaderState, Stateful, TrainState, shard_batches
from stride.engine.stop_consensus import PerRankState, StopConsensus
from stride.engine.stopping import StopRequest
from stride.engine.update import check_optimizer
from stride.errors import ConfigError
from stride.models.shards import is_sharded
from stride.trainer.fit.assembly import Assembly
from stride.trainer.fit.callback_set import CallbackSet, build_callbacks
from stride.trainer.fit.kind import Kind
from stride.trainer.fit.object_scan import ObjectScan
from stride.trainer.fit.open_sections import optimizer_sections, scheduler_sections
from stride.trainer.fit.run_start import RunStart
from stride.trainer.fit.session import Session, require_shares_of
from stride.trainer.subclasses import attributes_of_subclass


def build_session(
    trainer: TrainerLike,
    kind: Kind,
    start: RunStart,
    assembly: Assembly,
    callbacks: Iterable[Callback],
    *,
    clock: Stateful,
    known: Collection[str],
    budget: Budget | None = None,
) -> Session:
    """Build optimizer, schedule, callbacks and state for an assembly.

    Args:
        trainer: what callbacks are given; where it has a state, a part of the training's.
        kind: of training; adds what is its own.
        start: where the training begins; its callbacks are called last.
        assembly: config, data and model.
        callbacks: called after those that the config names.
        clock: measures the training; a part of the state.
        known: the attributes of the trainer that are not its user's.
        budget: ends the training after a time, None where it has all.

    Raises:
        UserError: the optimizer or scheduler refuses a value, a callback is not one, a metric to
            follow is not evaluated, or the kind refuses what it is given.
    """
    _require_learning(kind, assembly)
    config, stop, fingerprint = assembly.config, StopRequest(), Fingerprint()
    consensus = _consensus(config, stop)
    callback_set = _callback_set(trainer, kind, assembly, [*callbacks, *start.callbacks], consensus)
    optimizers = build_optimizers_of(assembly)
    sections = scheduler_sections(config)
    schedule = build_schedules(sections, optimizers, metric=callback_set.monitor.metric)
    callback_set.in_order.extend(_digests(config, fingerprint))
    losses, loader = _epoch_losses(assembly, fingerprint), _loader(assembly)
    metrics, latest = Latest(), Latest()
    batches = shard_batches(loader)
    require_shares_of(assembly, batches)
    own = {"metrics": metrics, "latest": latest, "clock": clock}
    own |= _own_states(trainer, loader, assembly)
    # What a user's subclasses set is looked at when a state is taken: after the kind's set_up.
    more = partial(_of_subclasses, trainer, kind, lambda: state.parts.values(), known)
    objects = ObjectScan(assembly, callback_set, more, lambda: session, own)
    parts = {"stop": stop, **callback_set.stateful(), **own, **objects.parts()}
    state: TrainState = _train_state(assembly, optimizers, schedule, losses, parts)
    session: Session = Session(
        trainer,
        start,
        assembly,
        batches,
        optimizers,
        schedule,
        state,
        losses,
        callback_set,
        metrics,
        latest,
        stop,
        assembly.limits,
        fingerprint,
        consensus,
        objects,
    )
    kind.set_up(session)
    watching = [*session.callbacks.in_order, *_watched(budget, consensus)]
    session.hooks = Hooks(trainer, watching, Callback)
    return session


def _require_learning(kind: Kind, assembly: Assembly) -> None:
    if kind.needs_learning and not assembly.model.learns:
        what = f"{type(assembly.model.network).__name__} learns nothing: it only scores samples"
        key, hint = "model_kwargs.model_name", "type: trainer=reconstruction, which measures it"
        raise ConfigError(what, key=key, where=key, hint=hint)


def _train_state(
    assembly: Assembly,
    optimizers: Optimizers,
    schedule: Schedule | NamedSchedules,
    losses: EpochLosses,
    parts: Mapping[str, Stateful],
) -> TrainState:
    """Gather all that a checkpoint holds, but for what a kind registers in its `set_up`.

    Parts are restored in this order: an optimizer's state goes with parameters that stand, and
    whatever draws while it is restored comes before the random state.
    """
    return TrainState(
        model=WeightsState(assembly.model),
        modules=ModuleState(assembly.model),
        **_parts_of_ranks(assembly),
        **{part_name("optimizer", name): OptimizerState(one) for name, one in optimizers.items()},
        **schedules_by_part(schedule),
        precision=assembly.precision,
        tally=PerRankState(losses),
        **parts,
        **{LAST: PerRankState(RandomState())},
    )


def _digests(config: Config, fingerprint: Fingerprint) -> list[Callback]:
    """Return what takes digests of all weights, where they are asked for."""
    every = config.training_config.digest_every
    return [WeightDigests(fingerprint, every)] if every else []


def _watched(budget: Budget | None, consensus: StopConsensus) -> list[Callback]:
    """Return the budget: no callback of the training's, and without a part in what is saved."""
    if budget is None:
        return []
    budget.request = consensus.local_request
    return [budget]


def _callback_set(
    trainer: TrainerLike,
    kind: Kind,
    assembly: Assembly,
    callbacks: Iterable[Callback],
    consensus: StopConsensus,
) -> CallbackSet:
    """Build the callbacks, by a clock on which all ranks agree."""
    adds_metrics = hasattr(trainer, "after_evaluate") or bool(kind.evaluates)
    now = consensus.now if world_size() > 1 else time.monotonic
    return build_callbacks(assembly, callbacks, adds_metrics=adds_metrics, now=now)


def _own_states(trainer: TrainerLike, loader: Any, assembly: Assembly) -> dict[str, Any]:
    """Return by name the trainer and the training loader, as far as they have a state."""
    own: dict[str, Any] = {"trainer": trainer} if is_stateful(trainer) else {}  # a subclass may
    if isinstance(loader, LoaderState):
        # Ranks draw the same stream; but a loader of the user's is each rank's own.
        own["batches"] = PerRankState(loader) if assembly.has_own_loader else loader
    elif isinstance(loader, UserLoaderBatches) and (loader.seekable or loader.is_stateful()):
        own["batches"] = PerRankState(loader)
    return own


def _of_subclasses(
    trainer: TrainerLike,
    kind: Kind,
    parts: Callable[[], Iterable[object]],
    known: Collection[str],
) -> dict[str, Any]:
    """Return what a user's subclasses of trainer and kind have set, to look at, and its objects."""
    restored = {id(part) for part in parts()}
    own = {} if id(kind) in restored else attributes_of_subclass("kind", kind)
    given = {name: one for name, one in kind.objects().items() if id(one) not in restored}
    return {**attributes_of_subclass("trainer", trainer, known=known), **own, **given}


def _consensus(config: Config, stop: StopRequest) -> StopConsensus:
    every = config.distributed_config.agree_every
    return StopConsensus(stop, every, config.training_config.log_interval)


def _loader(assembly: Assembly) -> Any:
    """Return the training loader, its state put back at the latest moment where it has one."""
    batches: Any = assembly.loader("train")
    plain = isinstance(batches, UserLoaderBatches) and not isinstance(
        batches, ResumableUserLoaderBatches
    )
    return LoaderState(batches) if not plain and hasattr(batches, "state_dict") else batches


def _parts_of_ranks(assembly: Assembly) -> dict[str, Stateful]:
    return {"rank_buffers": RankBuffers(assembly.model)} if world_size() > 1 else {}


def _epoch_losses(assembly: Assembly, fingerprint: Fingerprint) -> EpochLosses:
    rated = assembly.rated()
    copies = assembly.has_own_loader
    return EpochLosses(rated.get("accuracy"), copies=copies, fingerprint=fingerprint)


def build_optimizers_of(assembly: Assembly) -> Optimizers:
    """Build the optimisers, of parameters divided among the processes where that is asked for."""
    config, model = assembly.config, assembly.model
    if config.distributed_config.sync_batchnorm:
        share_statistics(model, assembly.device)
    if config.distributed_config.strategy == "fsdp":
        divide(model, assembly.device)
    optimizers = build_optimizers(optimizer_sections(config), model)
    for optimizer in optimizers.values():
        check_optimizer(optimizer, assembly.precision)
        if is_sharded(model.network):
            compiles = config.training_config.compile
            require_fsdp_fits(
                optimizer,
                assembly.precision,
                compiles=compiles,
                evaluates_gradients=model.evaluation_needs_gradients,
            )
    return optimizers
