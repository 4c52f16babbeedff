"""Train several runs: as one stack those that are alike, the others one after the other."""

from collections.abc import Iterator, Sequence
from itertools import islice, takewhile
from pathlib import Path
from typing import NamedTuple

from stride.config.pack import Pack
from stride.trainer.fit.run_start import RunStart
from stride.trainer.packs.choice import Choice, likeness
from stride.trainer.packs.packs import Packs, fit_alone
from stride.trainer.trainer import Trainer


class Entry(NamedTuple):
    """Hold a trainer, and the start that it is to train from."""

    trainer: Trainer
    start: RunStart


class Ended(NamedTuple):
    """Hold the folder of a run that was trained, and what it failed by, if it did."""

    path: Path
    error: BaseException | None = None


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
