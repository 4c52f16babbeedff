"""Choose samples that cover the pool: by distances between features, without asking for classes."""

from typing import NamedTuple

import torch
from torch import Tensor

from stride.active.strategies.selection import require_finite

BLOCK_NUMBERS = 2**22  # of the distances that are made at a time


class Picks(NamedTuple):
    """Positions in the pool in the order of asking, and what each was chosen for."""

    positions: Tensor
    scores: Tensor


def k_center(features: Tensor, centers: Tensor, count: int, generator: torch.Generator) -> Picks:
    """Choose greedily the sample farthest from all centers and samples chosen.

    This is the greedy core set of Sener and Savarese (2018, arXiv 1708.00489). A pick costs one
    product of the features with a vector. Without a center the first one is chosen at random.

    Args:
        features: (n, d) of the pool; one copy of them is made.
        centers: (m, d) of the labelled samples.
        count: how many to choose.
        generator: decides between equal distances.

    Returns:
        the positions, and the Euclidean distance that each was chosen for.
    """
    count = min(count, len(features))
    # argmax takes the first of equals: in this order it is whichever the seed has put there.
    order = torch.randperm(len(features), generator=generator).to(features.device)
    rows = features.index_select(0, order)
    shift = rows.mean(0)
    rows -= shift  # distances are differences of squares: the smaller these, the more exact
    squares = require_finite(torch.linalg.vector_norm(rows, dim=1), "features").square_()
    nearest = nearest_squared_distance(rows, squares, centers - shift if len(centers) else centers)
    distance = torch.empty_like(nearest)
    picks, far = order.new_empty(count), nearest.new_empty(count)
    for turn in range(count):
        pick = nearest.argmax().view(1)
        picks[turn], far[turn] = pick[0], nearest[pick[0]]
        center = rows.index_select(0, pick)[0]
        torch.addmv(squares, rows, center, alpha=-2, out=distance)
        distance.add_(squares[pick]).clamp_(min=0)
        torch.minimum(nearest, distance, out=nearest)
        nearest.index_fill_(0, pick, -torch.inf)
    return Picks(order[picks].cpu(), far.double().sqrt().cpu())


def nearest_squared_distance(rows: Tensor, squares: Tensor, centers: Tensor) -> Tensor:
    """Return each row's squared distance to the nearest center; infinite without a center.

    Args:
        rows: (n, d).
        squares: (n,), the rows' squared norms.
        centers: (m, d).
    """
    nearest = torch.full_like(squares, torch.inf)
    if not len(centers):
        return nearest
    others = centers.square().sum(1)
    step = max(1, BLOCK_NUMBERS // len(centers))
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        found = torch.addmm(others, rows[part], centers.T, alpha=-2).amin(1)
        nearest[part] = found.add_(squares[part]).clamp_(min=0)
    return nearest
