"""Train several runs at once where that is proven, each exactly as it is trained alone."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from stride.engine.packs.proof import Proof
from stride.engine.signals import Interrupted, obeying_signals
from stride.engine.stopping import StopRequest
from stride.errors import DissolvedPack
from stride.log import LOGGER
from stride.loggers.text import logging_warnings
from stride.trainer.fit.run_start import RunStart
from stride.trainer.flow import surroundings
from stride.trainer.packs.groups import Group, grouped
from stride.trainer.packs.lockstep import Lockstep
from stride.trainer.packs.proofs import Proofs
from stride.trainer.packs.reasons import member_of
from stride.trainer.packs.stepwise import StepwiseFit
from stride.trainer.packs.turns import Turns
from stride.trainer.packs.warned import warned_each
from stride.trainer.process_state import training
from stride.trainer.starts.resume import ResumedRun
from stride.trainer.trainer import Trainer

_THREADS = 1


@dataclass(frozen=True)
class Ended:
    """How one of several trainings has ended.

    Attributes:
        value: as `Trainer.fit` returns it; None where an exception has ended the training.
        error: that exception.
    """

    value: float | None = None
    error: BaseException | None = None


class Packs:
    """Train trainings together, as many as are given at once, where they can be packed."""

    def __init__(self) -> None:
        self._proofs = Proofs()

    def fit(self, trainers: Sequence[Trainer], starts: Sequence[RunStart]) -> list[Ended]:
        """Train from each start to the end of its run; what cannot be packed, one by one.

        They compute with one thread; runs that were begun with more go on alone.

        Args:
            trainers: one for each start, with nothing that another one has, too.
            starts: of one work_dir, alike in what is set for the process: determinism, the level
                of the log.

        Raises:
            Interrupted: a signal ended the trainings, with checkpoints behind those that had
                begun.
        """
        pairs = [*zip(trainers, starts, strict=True)]
        together = [n for n, start in enumerate(starts) if start.threads in (None, _THREADS)]
        ended = dict(zip(together, self._led([pairs[n] for n in together]), strict=True))
        return [ended.get(n) or fit_alone(*pair) for n, pair in enumerate(pairs)]

    def _led(self, pairs: Sequence[tuple[Trainer, RunStart]]) -> list[Ended]:
        if not pairs:
            return []
        for _, start in pairs:
            start.threads = _THREADS
        (_, first), *_ = pairs
        config, stop = first.resolved.config, StopRequest()
        with (
            training("a pack of fits"),
            logging_warnings(config.logging_config.level),
            warned_each(),
            surroundings(first) as survey,
            obeying_signals(stop, config.checkpoint_config.grace_seconds),
        ):
            turns = Turns()
            fits = [StepwiseFit(*pair, turns, survey) for pair in pairs]
            with _given_up(fits):
                for fit in fits:
                    if not stop.signal:
                        fit.begin()
                while left := [fit for fit in fits if fit.has_begun and not fit.is_over]:
                    for group in grouped(left):  # once more after each loop
                        self._train(group, turns)
        if stop.signal:
            raise Interrupted(stop.signal)
        return [_ended(fit) for fit in fits]

    def _train(self, group: Group, turns: Turns) -> None:
        """Train fits that can be packed to the end of their loops; the others, to their ends."""
        members = [member_of(fit.session, fit.generators) for fit in group]
        turns.end()
        packable = len(group) > 1 and not group[0].loop.stop  # by a signal: there is little time
        proof = self._proofs.of(group, members) if packable else Proof(fault="alone")
        if proof.fault:
            if packable:
                LOGGER.info("trained alone, not in a pack of %d: %s", len(group), proof.fault)
            for fit in group:
                fit.finish_alone()
            return
        _note(group, proof)
        if found := Lockstep(group, members, proof, turns).run():
            for fit in group:
                fit.give_up(DissolvedPack(f"its pack is dissolved: {found}"))


def _note(group: Group, proof: Proof) -> None:
    """Write into each run with what it is trained."""
    shared = {"uuid": uuid.uuid4().hex, "width": len(group), "alone": dict(proof.alone)}
    for place, fit in enumerate(group):
        fit.session.run.note_in_segment(pack={**shared, "place": place})


@contextmanager
def _given_up(fits: Sequence[StepwiseFit]) -> Iterator[None]:
    """Let every run come to its end where an exception ends the block."""
    try:
        yield
    except BaseException as error:
        for fit in fits:
            fit.give_up(error)
        raise


def _ended(fit: StepwiseFit) -> Ended:
    """Return how a training has ended, now that the process is free: alone, if its pack was wrong.

    That one goes on from its newest checkpoint.
    """
    if not isinstance(fit.error, DissolvedPack):
        return Ended(None if fit.error else fit.value, fit.error)
    LOGGER.warning("%s: %s", fit.session.run.paths.path, fit.error)
    start: RunStart = ResumedRun.of(fit.session.run.paths.path)
    start.callbacks.extend(fit.start.callbacks)
    start.given_in(fit.start.resolved.folder)
    return fit_alone(fit.trainer, start)


def fit_alone(trainer: Trainer, start: RunStart) -> Ended:
    """Train from a start to the end of the run, and return how that was."""
    try:
        return Ended(trainer.fit_from(start))
    except Exception as error:
        return Ended(error=error)
