"""Say why a training cannot be a member of a pack."""

from collections.abc import Iterator

from stride.components import is_user_code
from stride.data.batches.memory import MemoryBatches
from stride.distributed import world_size
from stride.engine.optim.schedule import Schedule
from stride.engine.packs.member import Member
from stride.engine.packs.packable import Setting, why_not, why_not_adopted
from stride.trainer.fit.session import Session
from stride.trainer.packs.turns import OwnGenerators


def why_not_packed(session: Session) -> str:
    """Return the first reason for which a training is made alone, "" where it can be packed.

    Args:
        session: before its first step.
    """
    member = member_of(session, OwnGenerators())
    return why_not_packed_on(session) or why_not_adopted(member)


def why_not_packed_on(session: Session) -> str:
    """Return the like for a training that is a member already."""
    return next(_faults(session), "")


def _faults(session: Session) -> Iterator[str]:
    kind, batches = session.assembly.kind, session.batches
    if is_user_code(type(kind)):
        yield f"{type(kind).__name__} is a kind of training of yours"
    if not isinstance(batches, MemoryBatches):
        yield "its data is not gathered from memory"
    if len(session.optimizers) > 1:
        yield f"it has {len(session.optimizers)} optimizers"
    yield from _user_faults(session)
    if why := why_not(member_of(session, OwnGenerators()), _setting(session)):
        yield why


def _user_faults(session: Session) -> Iterator[str]:
    """Name code of the user's that runs in each step."""
    for hook in session.hooks.named("after_step"):
        owner = getattr(hook, "func", hook)
        if is_user_code(owner):
            yield f"a hook of yours runs after each step: {owner.__qualname__}"
    schedule = session.schedule
    if isinstance(schedule, Schedule) and is_user_code(type(schedule.scheduler)):
        yield f"its scheduler is yours: {type(schedule.scheduler).__qualname__}"


def member_of(session: Session, own: OwnGenerators) -> Member:
    """Return what a training brings to the step of a pack."""
    training = session.assembly.config.training_config
    return Member(
        session.assembly.model,
        session.optimizers.only,
        own.torch,
        clip_grad_norm=training.clip_grad_norm,
        measure_norm=training.log_grad_norm,
        note_norm=session.losses.note_norm,
    )


def _setting(session: Session) -> Setting:
    """Return what surrounds the steps; a pack computes with one thread, whatever there are."""
    training = session.assembly.config.training_config
    return Setting(
        before_step=len(session.hooks.named("before_step")),
        accumulate=session.limits.accumulate,
        precision=session.assembly.precision.name,
        check_loss=training.nonfinite in ("skip", "raise"),
        processes=world_size(),
    )
