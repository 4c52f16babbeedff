"""The one flow from a start to a recorded run, and the dry run of its first step."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

from stride.callbacks.budget import Budget
from stride.callbacks.protocols import TrainerLike
from stride.config import Resolved
from stride.distributed import barrier, on_main, propagate_failures
from stride.engine.random import determinism, seed_everything
from stride.errors import ConfigError
from stride.log import LOGGER
from stride.loggers.text import TextLog
from stride.runs.provenance.collect import Survey
from stride.trainer.builder import Builder
from stride.trainer.fit.assembly import Assembly
from stride.trainer.fit.claim import claim
from stride.trainer.fit.config_warnings import config_warnings
from stride.trainer.fit.construction.session import build_session
from stride.trainer.fit.finalizer import Finalizer, best_value
from stride.trainer.fit.kind import loops_of
from stride.trainer.fit.results import Stopwatch
from stride.trainer.fit.run_recorder import RunRecorder
from stride.trainer.fit.run_start import NewRun, RunStart
from stride.trainer.fit.sanity_check import sanity_check
from stride.trainer.fit.session import Session
from stride.trainer.preflight import preflight
from stride.trainer.process_group import process_group_for, require_shared
from stride.trainer.process_state import training

ATTRIBUTES = ("builder", "hooks", "metrics", "results", "run", "session", "state")
"""What a trainer has; all else in one is its user's."""

_FOLLOWED = ("training_config.saving_metric", "training_config.stopping_metric")


class Trainable(TrainerLike, Protocol):
    """A trainer as the flow sees it: what it builds, and where it keeps what is trained.

    Attributes:
        builder: builds what the config says.
        run: the recording, once it is claimed.
    """

    builder: Builder
    run: RunRecorder

    def attach(self, session: Session) -> None:
        """Take state, metrics, results and hooks of a session that was built."""


def fit(trainer: Trainable, start: RunStart, budget: Budget | None = None) -> float:
    """Train from a start to the end of the run; return the best value of the monitored metric.

    Trust and the trainer's class are the caller's to check: `Trainer.fit` has both.

    Args:
        trainer: builds what the config says, and takes what becomes of it.
        start: where the training begins.
        budget: ends the training after a time, None where it has all.

    Raises:
        UserError: a wrong key, value, name, file or shape; no folder was made.
        RunFailed: the training could not go on; the run says so.
        Interrupted: a signal ended the run, with a checkpoint behind it.
    """
    # The order is load-bearing. What is entered first is left last:
    with (
        training("a fit"),  # gives back all that what follows sets for the process
        TextLog(start.resolved.config.logging_config.level) as log,  # of whatever the rest says
        surroundings(start) as survey,
        fitting(trainer, start, log, survey, budget) as session,
    ):
        for loop in loops_of(trainer.builder.kind, session):
            loop.run()
    return best_value(session)


@contextmanager
def surroundings(start: RunStart) -> Iterator[Survey]:
    """Prepare the process for a training, or for several that take turns, until the block ends.

    Args:
        start: of the training, or of one of several that are alike in what the process is told.
    """
    config = start.resolved.config
    with (
        determinism(config.training_config.deterministic),  # before anything is computed
        # Looks at git in a thread while data and model are built; nothing is written before.
        Survey(start.resolved.folder, exclude=[start.resolved.work_dir]) as survey,
        start.with_threads(),
        process_group_for(config, start.name),  # from here on ranks may wait for each other
        propagate_failures(),  # so inside of the group: what fails on one is told to all
    ):
        yield survey


@contextmanager
def fitting(
    trainer: Trainable,
    start: RunStart,
    log: TextLog,
    survey: Survey,
    budget: Budget | None = None,
) -> Iterator[Session]:
    """Build a training and claim its run; how the block ends that trains it is how the run ends.

    Args:
        trainer: as for `fit`.
        start: likewise.
        log: entered; takes the run's file once there is one.
        survey: of the process.
        budget: as for `fit`.

    Raises:
        UserError: as `fit`.
    """
    stopwatch = Stopwatch()
    builder, config = trainer.builder, start.resolved.config
    on_main(start.check)
    seed_everything(config.seed)  # after the group, whose setting up may draw
    assembly = builder.assemble(start.resolved, start.normalization)
    start.require(assembly)
    session = _open(trainer, assembly, start, stopwatch, budget)
    _probe(builder, session)
    builder.kind.restore(session, start)
    session.require_storable(start.checkpoints)
    loggers = builder.build_loggers(config.logging_config)
    require_shared(start.resolved.work_dir)
    # Whatever the user can have done wrong was refused by now: from here on there is a run.
    with (
        claim(start, session, survey, log, loggers) as session.run,
        # Inside of the run: the failure of another rank ends it with a status.
        propagate_failures(),
    ):
        trainer.run = session.run
        session.run.leave_as(start.before)
        builder.mark_used()
        finalizer = Finalizer(session, stopwatch)
        with finalizer.run_guarded():
            _report(start, session)
            yield session
        finalizer.finish()
    barrier()  # whoever goes on finds the results, and a run that is over


def check(trainer: Trainable) -> dict[str, Any]:
    """Try a small batch forward and backward, and one optimizer step; make no folder.

    Raises:
        UserError: as `fit`; or the step leads to numbers that are not finite.
    """
    builder = trainer.builder
    builder.require_trust(builder.resolved)
    with rehearsed(trainer, builder.resolved) as (session, found):
        assembly = session.assembly
        _warn(assembly)
        return preflight(assembly, builder.kind.example(assembly), found)


def require_followed(trainer: Trainable, resolved: Resolved) -> None:
    """Refuse to follow a metric that a fit of this config would not evaluate; make no folder.

    Whatever else is wrong with the config is left to the fit.

    Raises:
        ConfigError: says which metrics there are.
    """
    try:
        with rehearsed(trainer, resolved):
            pass
    except Exception as error:
        if isinstance(error, ConfigError) and error.key in _FOLLOWED:
            raise


@contextmanager
def rehearsed(trainer: Trainable, resolved: Resolved) -> Iterator[tuple[Session, dict[str, Any]]]:
    """Build what a config says and try it on small batches; give back what that set.

    Yields:
        The session of a training that is not begun, and what was found.

    Raises:
        UserError: as `fit`.
    """
    with (
        training("a check"),
        determinism(resolved.config.training_config.deterministic),
        process_group_for(resolved.config),
    ):
        yield opened(trainer, resolved)


def opened(trainer: Trainable, resolved: Resolved) -> tuple[Session, dict[str, Any]]:
    """Build a training that is not begun, and try it on small batches; nothing is written.

    Returns:
        Its session, and what was found.

    Raises:
        UserError: as `fit`.
    """
    seed_everything(resolved.config.seed)
    assembly = trainer.builder.assemble(resolved)
    session = _open(trainer, assembly, NewRun(resolved), Stopwatch())
    return session, _probe(trainer.builder, session)


def _open(
    trainer: Trainable,
    assembly: Assembly,
    start: RunStart,
    stopwatch: Stopwatch,
    budget: Budget | None = None,
) -> Session:
    """Build the session, and let the trainer have it."""
    builder = trainer.builder
    session = build_session(
        trainer,
        builder.kind,
        start,
        assembly,
        builder.callbacks,
        clock=stopwatch,
        known=ATTRIBUTES,
        budget=budget,
    )
    trainer.attach(session)
    return session


def _probe(builder: Builder, session: Session) -> dict[str, Any]:
    """Check data, model and metrics against each other on small batches."""
    assembly, callbacks = session.assembly, session.callbacks
    example, last = partial(builder.kind.example, assembly), builder.kind.last_batch(assembly)
    found = sanity_check(assembly, example, last, callbacks.followed, callbacks.measured)
    session.choose_stream(draws=found.pop("draws"))
    if assembly.left_out:
        session.losses.rate_nothing()
    return found


def _report(start: RunStart, session: Session) -> None:
    """Say from where the training begins, and what may surprise."""
    for line in [*start.messages(), *session.assembly.started_from.messages]:
        session.run.note(line)
    if start.same is not None:
        path, state = start.same
        what = "the same config, code and data; this is trained all the same"
        session.run.note(f"run {path.name} is this: {path} ({state}) has {what}")
    _warn(session.assembly)


def _warn(assembly: Assembly) -> None:
    for line in config_warnings(assembly):
        LOGGER.warning("%s", line)
