"""Choose samples whose gradients are large and differ: BADGE, without making a gradient."""

import torch
from torch import Tensor

from stride.active.strategies.coverage import Picks
from stride.active.strategies.selection import require_finite


def badge(probabilities: Tensor, features: Tensor, count: int, generator: torch.Generator) -> Picks:
    """Choose by k-means++ among the last layer's gradients (Ash et al., 2020, arXiv 1906.03671).

    With the likeliest class for a label a sample's gradient is the outer product of its errors
    p - onehot and its features. The product of two such gradients is that of their errors times
    that of their features, so that distances take (n, classes) and (n, d) and no (n, classes * d).
    The first choice is the longest gradient, as in the authors' code.

    Args:
        probabilities: (n, classes).
        features: (n, d), the inputs of the last layer.
        count: how many to choose.
        generator: draws all but the first, with the squared distance to the nearest one chosen.

    Returns:
        the positions, and the squared distance that each had when it was chosen.
    """
    count = min(count, len(features))
    order = torch.randperm(len(features), generator=generator).to(features.device)
    rows = features.index_select(0, order)
    errors = probabilities.index_select(0, order).to(rows.dtype)
    errors[torch.arange(len(order), device=order.device), errors.argmax(1)] -= 1
    squares = require_finite(_squares(errors).mul_(_squares(rows)), "gradients")
    nearest = squares.clone()
    distance, factor = torch.empty_like(squares), torch.empty_like(squares)
    left = torch.ones_like(nearest)
    picks, far = order.new_empty(count), nearest.new_empty(count)
    for turn in range(count):
        pick = nearest.argmax() if turn == 0 else _drawn(nearest, left, generator)
        picks[turn], far[turn] = pick, nearest[pick]
        torch.mv(errors, errors[pick], out=factor)
        torch.mv(rows, rows[pick], out=distance)
        torch.addcmul(squares, distance, factor, value=-2, out=distance)
        distance.add_(squares[pick]).clamp_(min=0)
        nearest = distance.clone() if turn == 0 else torch.minimum(nearest, distance, out=nearest)
        left[pick] = 0
        nearest.mul_(left)
    return Picks(order[picks].cpu(), far.double().cpu())


def _squares(rows: Tensor) -> Tensor:
    norms: Tensor = torch.linalg.vector_norm(rows, dim=1)
    return norms.square_()


def _drawn(nearest: Tensor, left: Tensor, generator: torch.Generator) -> Tensor:
    """Draw a position with its squared distance for a weight; any that is left where all are 0."""
    # On the CPU: a sum of many numbers on an accelerator need not have the same bits twice.
    sums = nearest.cpu().cumsum(0, dtype=torch.float64)
    if sums[-1] <= 0:
        sums = left.cpu().cumsum(0, dtype=torch.float64)
    at = torch.rand(1, generator=generator, dtype=torch.float64) * sums[-1]
    below = torch.nextafter(sums[-1], torch.zeros_like(sums[-1]))
    # right=True: a position of weight 0 is never met, not even by a draw of 0.
    return torch.searchsorted(sums, at.minimum(below), right=True)[0].to(nearest.device)
