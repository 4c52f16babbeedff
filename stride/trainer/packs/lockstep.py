"""Lead several fits in lockstep: one step for all, everything else each by itself."""

import random
from collections.abc import Sequence

from stride.engine.packs.member import Member
from stride.engine.packs.proof import Proof
from stride.engine.packs.step import PackedStep
from stride.engine.packs.traces import SecondOpinion
from stride.trainer.packs.reasons import why_not_packed_on
from stride.trainer.packs.stepwise import StepwiseFit
from stride.trainer.packs.turns import Turns


class Lockstep:
    """Train fits that stand equal, each to the end of its loop.

    In each epoch one step of one of them, drawn at random, is made again alone, before anything
    of that step is saved; and so is the epoch's last one, from which runs go on and with which
    they end.

    Args:
        fits: each before an update; their batches are of one shape until the last one is over.
        members: what they bring to a step.
        proof: that they hold together; without a fault.
        turns: that they take.
    """

    def __init__(
        self,
        fits: Sequence[StepwiseFit],
        members: Sequence[Member],
        proof: Proof,
        turns: Turns,
    ) -> None:
        self._fits = dict(enumerate(fits))
        self._loops = [fit.loop for fit in fits]
        self._members, self._turns = members, turns
        self._step = PackedStep(members, alone=proof.alone.keys())
        self._random = random.Random(fits[0].session.run.uuid)
        self._counted = (-1, -1)  # by whose place, and in which epoch, the steps left are counted
        self._left = self._drawn = 0
        self._sound = [fit.loop.state.step for fit in fits]  # the newest steps known to be right

    def run(self) -> str:
        """Train; return why these fits cannot go on together, "" where they came to their ends.

        What they have done since their newest checkpoints may be wrong then.
        """
        while self._fits:
            self._turns.end()
            try:
                found = self._checked_update() if self._is_to_be_checked() else self._update()
            # Alone each is told its own; and memory may be too small for all.
            except Exception as error:
                found = f"{type(error).__name__}: {error}".partition("\n")[0]
            if found:
                return found
            self._go_on()
        return ""

    def _is_to_be_checked(self) -> bool:
        """Tell whether the step was drawn of its epoch, or is the last one."""
        place, fit = next(iter(self._fits.items()))
        state, limits = fit.loop.state, fit.loop.limits
        if (place, state.epoch) != self._counted:
            left = int(fit.loop.batches.batches_left(state.epoch, state.position))
            most = left if limits.max_steps is None else limits.max_steps - state.step
            self._counted, self._left = (place, state.epoch), max(1, min(left, most))
            self._drawn = self._random.randrange(self._left)
        self._left -= 1
        return self._left in (0, self._drawn)

    def _checked_update(self) -> str:
        """Make an update, and compare that of one member with its own.

        Where it differs, all checkpoints since the last one that was equal are deleted.
        """
        place = self._random.choice([*self._fits])
        fit, opinion = self._fits[place], SecondOpinion(self._members[place])
        self._update()
        assert fit.loop.step is not None
        found = opinion.difference(fit.window[0], fit.loop.step)
        for each, other in self._fits.items():
            if found:
                other.retract(self._sound[each])
            else:
                self._sound[each] = other.loop.state.step
        where = f"run {fit.session.run.name} at step {fit.loop.state.step}"
        return f"{found} of {where} is not what it is alone" if found else ""

    def _update(self) -> str:
        """Make an update of each; nothing is compared."""
        steps = self._step.gradients({place: fit.window[0] for place, fit in self._fits.items()})
        for place, fit in self._fits.items():
            fit.count(steps[place])
        self._step.apply()
        return ""

    def _go_on(self) -> None:
        """Let each do all that comes before its next update.

        Hooks may leave a network or an optimiser that is not the pack's any more. Such a training
        leaves: its next updates are made at once, in the memory that it has here.
        """
        for place, fit in [*self._fits.items()]:
            fit.next()
            if self._is_here(place) and (why := self._why_not_on(place)):
                fit.finish_alone(why)
            if not self._is_here(place):
                del self._fits[place]
                self._step.release(place)

    def _is_here(self, place: int) -> bool:
        fit = self._fits[place]
        return not fit.is_over and fit.loop is self._loops[place]

    def _why_not_on(self, place: int) -> str:
        """Return why a training leaves; nothing can have changed where it had no turn."""
        fit = self._fits[place]
        if not self._turns.are_of(fit.generators):
            return ""
        if fit.computes_otherwise:
            return "a hook has changed what torch computes with"
        return why_not_packed_on(fit.session) or self._step.why_not_on(place)
