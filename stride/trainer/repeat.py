"""Train the runs that a comparison over seeds is missing."""

from collections.abc import Iterator, Sequence
from itertools import islice, takewhile
from pathlib import Path
from typing import NamedTuple

from stride.components.trust import Trust
from stride.config import Resolved
from stride.config.pack import Pack
from stride.runs.deciding.missing import MissingRun
from stride.runs.run import Run
from stride.trainer.fit.run_start import RunStart
from stride.trainer.packs.choice import Choice, likeness
from stride.trainer.packs.packs import Packs, fit_alone
from stride.trainer.process_state import drawing
from stride.trainer.starts.repeated import RepeatedRun
from stride.trainer.starts.resume import ResumedRun
from stride.trainer.trainer import Trainer
from stride.trainer.trainer_class import trainer_class
from stride.trainer.trust import require_trust


class Entry(NamedTuple):
    """Hold a trainer, and the start that it is to train from."""

    trainer: Trainer
    start: RunStart


class Ended(NamedTuple):
    """Hold the folder of a run that was trained, and what it failed by, if it did."""

    path: Path
    error: BaseException | None = None


def entries_of(missing: Sequence[MissingRun], *, trust: bool = False) -> list[Entry]:
    """Return what trains missing runs, in their order; nothing is trained or claimed yet.

    Data and model of each configuration are built once, and left again.

    Args:
        missing: the runs.
        trust: whether the user vouches for the import paths in the runs that they come from.

    Raises:
        UserError: a run cannot be resumed, or its config not be trained again.
    """
    entries = [_entry(one, trust) for one in missing]
    one_of_each = {one.side.name: entry for one, entry in zip(missing, entries, strict=True)}
    for entry in one_of_each.values():
        _require_buildable(entry)
    return entries


def fit_each(entries: list[Entry], pack: Pack = "auto") -> Iterator[Ended]:
    """Train from each start, and yield how each run ended, in their order.

    Those that follow one another and are alike are trained as one stack where that is measured to
    be faster. A run that fails keeps none of the others from being trained. The list is emptied: a
    trainer that is done holds model, data and optimizer.

    Args:
        entries: what trains each.
        pack: as for `Choice`.

    Raises:
        UserError: a start is refused; no run was claimed for it.
        Interrupted: a signal ended the runs, with checkpoints behind them.
    """
    choice, packs = Choice(pack), Packs()
    while entries:
        some = _alike(entries, choice)
        del entries[: len(some)]
        trainers = [one.trainer for one in some]
        if len(some) == 1:
            ended = [fit_alone(*some[0])]
        else:
            ended = packs.fit(trainers, [one.start for one in some])
        for trainer, one in zip(trainers, ended, strict=True):
            if one.error is not None and not hasattr(trainer, "run"):
                raise one.error  # it was refused before there was a run
            yield Ended(trainer.run.paths.path, one.error)


def _alike(entries: Sequence[Entry], choice: Choice) -> list[Entry]:
    """Return the first entries that make a pack, or the first one."""
    first = likeness(entries[0].start.resolved)
    alike = takewhile(lambda one: likeness(one.start.resolved) == first, entries)
    some = [*islice(alike, choice.most)]
    configs = [one.start.resolved for one in some]
    packed = choice.are_packed(some[0].trainer, configs, len(some))
    return some if packed else some[:1]


def trainer_of_run(run: Run, resolved: Resolved, *, trust: bool) -> Trainer:
    """Return a trainer of a run's kind in its work_dir, once its code may be imported.

    Args:
        run: the run.
        resolved: its config, with what is to be changed.
        trust: whether the user vouches for the import paths in it.

    Raises:
        UserError: somebody else may have written them, or there is no such trainer.
    """
    require_trust(Trust(), resolved, word=trust)
    made_by = trainer_class(run.config.trainer, Trainer)
    return made_by(str(run.path.parent), trainer=run.config.trainer)


def _entry(missing: MissingRun, trust: bool) -> Entry:
    run = Run(missing.begun.row.path)
    start = _start(missing, run)
    trainer = trainer_of_run(run, start.resolved, trust=trust)
    trainer.builder.require_trust(start.resolved, trust)  # which `fit_from` asks for again
    return Entry(trainer, start)


def _start(missing: MissingRun, run: Run) -> RunStart:
    return ResumedRun.of(run.path) if missing.resumes else RepeatedRun.of(run.path, missing.seed)


def _require_buildable(entry: Entry) -> None:
    """Refuse what would be refused when the training begins; keep nothing of it in memory."""
    trainer, start = entry
    with drawing(start.resolved.config.seed):
        start.require(trainer.builder.assemble(start.resolved, start.normalization))
    trainer.builder.assembly = None
