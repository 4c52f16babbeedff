"""Prove what a pack of fits needs, once for all packs that are alike."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch

from stride.engine.packs.member import Member
from stride.engine.packs.packable import likeness
from stride.engine.packs.proof import Proof, Window, prove
from stride.models.steps.batch import split_batch
from stride.trainer.packs.stepwise import StepwiseFit


class Proofs:
    """The proofs of a process: which kernels are chosen depends on shapes, not on numbers."""

    def __init__(self) -> None:
        self._known: dict[str, Proof] = {}

    def of(self, fits: Sequence[StepwiseFit], members: Sequence[Member]) -> Proof:
        """Return what a pack of these fits needs.

        Args:
            fits: each before an update, their batches of one shape.
            members: what they bring to a step.
        """
        windows = [*_windows(fits)]
        shapes = [[part.shape for part in split_batch(window[0])] for window in windows]
        clips = [(one.clip_grad_norm is None, one.measure_norm) for one in members]
        key = repr((likeness(members[0]), shapes, clips))
        if key not in self._known:
            self._known[key] = prove(members, windows)
        return self._known[key]


def _windows(fits: Sequence[StepwiseFit]) -> Iterator[Window]:
    """Yield a batch of each fit in every size that an epoch has."""
    batches = fits[0].loop.batches
    positions = [0, *batches.positions(fits[0].loop.state.epoch, 0)]
    for size in sorted({after - before for before, after in pairwise(positions)}, reverse=True):
        yield [_resized(fit, size) for fit in fits]


def _resized(fit: StepwiseFit, size: int) -> tuple[torch.Tensor, ...]:
    """Return samples of the batch of a fit, as many as are wanted."""
    parts = fit.window[0]
    places = torch.arange(size) % len(parts[0])
    return tuple(part[places] for part in parts)
