"""See whether scores look at labels, and whether a network says anything at all."""

from typing import Literal

import torch
from torch import Tensor

from stride.data.seeding import generator
from stride.engine.checkpoint.fidelity import same
from stride.trainer.fit.session import Session
from stride.trainers.reconstruction.scoring import Scorer, Scores
from stride.trainers.reconstruction.splits import MeasuredSplit

Output = Literal["varied", "constant", "zero"]

_LITTLE = 1e-3  # of what inputs are, or vary by
_ORDER = 11  # which of the random streams of a seed


def labels_move_scores(
    session: Session, split: MeasuredSplit, scorer: Scorer, scores: Scores
) -> bool | None:
    """Tell whether a score changes when the labels are permuted; None without labels.

    The samples are scored again, out of a dataset in which each has the labels of another one.

    Args:
        session: whose model is scored.
        split: the one that is tested.
        scorer: gave the scores.
        scores: of the split, those of points among them.
    """
    if split.labels is None:
        return None
    seed = session.assembly.config.seed
    order = torch.randperm(len(split.labels), generator=generator(seed, _ORDER))
    other = split.with_labels_of(order)
    with session.drawing(split.name):
        again = scorer.of(other.inputs(), points=True)
    return not (same(again.samples, scores.samples) and same(again.points, scores.points))


def output_kind(inputs: Tensor, outputs: Tensor) -> Output:
    """Tell whether outputs vary from sample to sample, as inputs do, beyond a thousandth of that.

    Args:
        inputs: (N, ...).
        outputs: likewise. Of one sample, its numbers are compared with each other.
    """
    if outputs.abs().amax() <= _LITTLE * inputs.abs().amax():
        return "zero"
    alone = len(inputs) == 1
    varied, given = (
        (one.flatten()[:, None] if alone else one.flatten(1)).double().std(0, correction=0).amax()
        for one in (outputs, inputs)
    )
    return "constant" if varied <= _LITTLE * given else "varied"
