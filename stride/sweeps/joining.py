"""Join a sweep that is there: make the trainer of its config, and work on it in this process."""

from stride.components.trust import Trust
from stride.config.pack import Pack
from stride.config.values import plain
from stride.errors import UserError
from stride.sweeps.request.kept_config import sign_sweep
from stride.sweeps.sweep import Sweep
from stride.sweeps.worker import Worker
from stride.trainer.trainer import Trainer
from stride.trainer.trainer_class import trainer_class
from stride.trainer.trust import require_trust


def trainer_of_sweep(sweep: Sweep, *, trust: bool = False) -> Trainer:
    """Return a trainer of the kind that the trials of a sweep are of.

    Args:
        sweep: whose config names it.
        trust: whether the user vouches for the import paths in that config.

    Raises:
        UserError: nobody vouches for them, or the trials need what only another process has.
    """
    _require_buildable(sweep)
    if trust:
        sign_sweep(sweep.paths, plain(sweep.base.config), sweep.spec)
    require_trust(Trust(trust), sweep.base, word=trust)
    made_by = trainer_class(sweep.base.config.trainer, Trainer)
    return made_by(str(sweep.work_dir), trainer=sweep.base.config.trainer, trust_code=trust)


def _require_buildable(sweep: Sweep) -> None:
    if objects := sweep.record.objects:
        raise UserError(
            f"a new process cannot build what was given from Python ({', '.join(objects)})",
            where=str(sweep.paths.path),
            hint="run the script again, whose Sweeper(...).run() goes on; "
            "or give import paths in the config instead",
        )


def join(sweep: Sweep, *, trust: bool = False, pack: Pack = "auto", workers: int = 1) -> None:
    """Train trials of a sweep in this process until none is left to take.

    Args:
        sweep: which may be worked on by others too.
        trust: as in `trainer_of_sweep`.
        pack: as for `Packing`.
        workers: how many processes share the trials out.

    Raises:
        UserError: likewise.
        Interrupted: a signal ended the training, with a checkpoint behind it.
    """
    Worker(sweep, trainer_of_sweep(sweep, trust=trust), pack, workers=workers).work()
