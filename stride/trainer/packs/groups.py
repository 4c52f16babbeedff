"""Put together the fits whose next updates can be made as one."""

from collections.abc import Iterable
from typing import Any

from stride.engine.packs.packable import why_not_together
from stride.models.steps.batch import split_batch
from stride.trainer.packs.reasons import member_of, why_not_packed
from stride.trainer.packs.stepwise import StepwiseFit

Group = list[StepwiseFit]


def grouped(fits: Iterable[StepwiseFit]) -> list[Group]:
    """Return the fits in groups that can be packed; whoever can not is alone in one."""
    groups: list[Group] = []
    for fit in fits:
        found = (one for one in groups if _fits_in(one, fit))
        group = next(found, None)
        if group is None:
            groups.append([fit])
        else:
            group.append(fit)
    return groups


def _fits_in(group: Group, fit: StepwiseFit) -> bool:
    first, sessions = group[0], (group[0].session, fit.session)
    if first.computes_otherwise or fit.computes_otherwise:
        return False
    if any(map(why_not_packed, sessions)) or _standing(first) != _standing(fit):
        return False
    return not why_not_together([member_of(one.session, one.generators) for one in (first, fit)])


def _standing(fit: StepwiseFit) -> tuple[Any, ...]:
    """Return where a fit stands in its epoch, and the shapes of what it is to be trained on."""
    loop = fit.loop
    epoch, position = loop.state.epoch, loop.state.position
    left, whole = (list(loop.batches.positions(epoch, since)) for since in (position, 0))
    parts = split_batch(fit.window[0])
    return left, whole, [(part.shape[1:], part.dtype) for part in parts], len(parts[0])
