"""Train the runs that a comparison over seeds is missing."""

from collections.abc import Sequence

from stride.components.trust import Trust
from stride.config import Resolved
from stride.runs.deciding.missing import MissingRun
from stride.runs.run import Run
from stride.trainer.fit.run_start import RunStart
from stride.trainer.packs.several import Entry
from stride.trainer.process_state import drawing
from stride.trainer.starts.repeated import RepeatedRun
from stride.trainer.starts.resume import ResumedRun
from stride.trainer.trainer import Trainer
from stride.trainer.trainer_class import trainer_class
from stride.trainer.trust import require_trust


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
