"""Choose samples for tiny budgets: the typical ones of clusters, or those with most neighbours."""

import warnings

import torch
from torch import Tensor

from stride.active.strategies.coverage import BLOCK_NUMBERS, Picks, nearest_squared_distance
from stride.active.strategies.selection import require_finite

MAX_CLUSTERS = 500
SMALL_CLUSTER = 5  # samples of a cluster below which it is asked last
NEIGHBOURS = 20


def typiclust(features: Tensor, labelled: Tensor, count: int, generator: torch.Generator) -> Picks:
    """Choose the most typical sample of each cluster that has no label yet, large ones first.

    TypiClust (Hacohen et al., 2022, arXiv 2202.02794): as many clusters as there will be labels;
    a sample is typical whose 20 nearest neighbours in its cluster are near.

    Args:
        features: (n, d) of the pool.
        labelled: (m, d) of the labelled samples.
        count: how many to choose.
        generator: seeds the clusters and decides between equal samples.

    Returns:
        the positions, and the typicality that each was chosen for.
    """
    count = min(count, len(features))
    order = torch.randperm(len(features), generator=generator)
    rows = require_finite(features.cpu().index_select(0, order), "features")
    number = min(len(labelled) + count, MAX_CLUSTERS)
    clusters = cluster(
        torch.cat([rows, labelled.cpu()]) if len(labelled) else rows, number, generator
    )
    mine, known = clusters[: len(rows)], clusters[len(rows) :]
    picks: list[tuple[int, float]] = []
    for group in _ranked(mine, known, number):
        while group and len(picks) < count:
            group = [label for label in group if (mine == label).any()]
            for label in group[: count - len(picks)]:
                members = (mine == label).nonzero().flatten()
                density = _typicality(rows[members])
                best = int(density.argmax())
                picks.append((int(members[best]), float(density[best])))
                mine[members[best]] = -1
    chosen = [position for position, _ in picks]
    return Picks(order[chosen], torch.tensor([score for _, score in picks], dtype=torch.float64))


def prob_cover(
    features: Tensor, labelled: Tensor, count: int, generator: torch.Generator, *, radius: float
) -> Picks:
    """Choose greedily the sample with the most uncovered ones within the radius.

    ProbCover (Yehuda et al., 2022, arXiv 2205.11320). Neighbours are counted and not kept, so
    that no (n, n) is in memory; the time is that of two times all distances.

    Args:
        features: (n, d) of the pool.
        labelled: (m, d) of the labelled samples, which cover what is near them.
        count: how many to choose.
        generator: decides between equal numbers.
        radius: below this distance a sample is covered.

    Returns:
        the positions, and how many samples each has covered.
    """
    count = min(count, len(features))
    order = torch.randperm(len(features), generator=generator).to(features.device)
    rows = features.index_select(0, order)
    squares = require_finite(rows.square().sum(1), "features")
    limit = radius * radius
    free = nearest_squared_distance(rows, squares, labelled) >= limit
    degrees = _count_within(rows, squares, rows[free], limit)
    picks, covered = order.new_empty(count), order.new_empty(count)
    for turn in range(count):
        pick = degrees.argmax()
        picks[turn], covered[turn] = pick, degrees[pick]
        near = free & (nearest_squared_distance(rows, squares, rows[pick].view(1, -1)) < limit)
        degrees -= _count_within(rows, squares, rows[near], limit)
        free &= ~near
        degrees[pick] = -len(rows)
    return Picks(order[picks].cpu(), covered.double().cpu())


def pure_radius(features: Tensor, clusters: Tensor, purity: float) -> float:
    """Return the largest radius within which so many samples see their own cluster alone.

    Args:
        features: (n, d).
        clusters: (n,), the number of each sample's cluster.
        purity: the share of the samples, from 0 to 1.
    """
    squares = features.square().sum(1)
    to_others = torch.full_like(squares, torch.inf)
    for label in torch.unique(clusters):
        mine = clusters == label
        to_others[mine] = nearest_squared_distance(features[mine], squares[mine], features[~mine])
    ordered = to_others.sort().values
    return float(ordered[min(int((1 - purity) * len(ordered)), len(ordered) - 1)].sqrt())


def cluster(rows: Tensor, number: int, generator: torch.Generator) -> Tensor:
    """Return the number of each row's cluster, found by k-means from a seed."""
    from sklearn.cluster import (  # type: ignore[import-untyped]
        KMeans,
        MiniBatchKMeans,
    )
    from sklearn.exceptions import (  # type: ignore[import-untyped]
        ConvergenceWarning,
    )
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    seed = int(torch.randint(2**31 - 1, (), generator=generator))
    kind, options = (KMeans, {}) if number <= 50 else (MiniBatchKMeans, {"batch_size": 5000})
    means = kind(n_clusters=min(number, len(rows)), n_init="auto", random_state=seed, **options)
    # Several threads add up in any order: then the same seed need not give the same clusters.
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct rows than clusters
        return torch.from_numpy(means.fit_predict(rows.cpu().numpy())).long()


def _ranked(mine: Tensor, known: Tensor, number: int) -> list[list[int]]:
    """Return clusters without labels first, then large ones; the small ones apart."""
    sizes = mine.bincount(minlength=number).tolist()
    labels = known.bincount(minlength=number).tolist()
    ranked = sorted(range(number), key=lambda label: (labels[label], -sizes[label]))
    large = [label for label in ranked if sizes[label] >= SMALL_CLUSTER]
    return [large, [label for label in ranked if sizes[label] < SMALL_CLUSTER]]


def _typicality(rows: Tensor) -> Tensor:
    """Return 1 / the mean distance to the nearest neighbours among the rows."""
    neighbours = min(NEIGHBOURS, max(1, len(rows) // 2))
    if len(rows) == 1:
        return rows.new_zeros(1)
    step = max(1, BLOCK_NUMBERS // len(rows))
    means = [
        # The nearest of all is the row itself.
        torch.cdist(part, rows).topk(neighbours + 1, largest=False).values[:, 1:].mean(1)
        for part in torch.split(rows, step)
    ]
    return 1 / (torch.cat(means) + 1e-5)


def _count_within(rows: Tensor, squares: Tensor, others: Tensor, limit: float) -> Tensor:
    """Return how many of the others are nearer to each row than the limit, squared."""
    counts = torch.zeros(len(rows), dtype=torch.int64, device=rows.device)
    their_squares = others.square().sum(1)
    step = max(1, BLOCK_NUMBERS // max(1, len(others)))
    for start in range(0, len(rows) if len(others) else 0, step):
        part = slice(start, start + step)
        products = torch.addmm(their_squares, rows[part], others.T, alpha=-2)
        counts[part] = (products + squares[part, None] < limit).sum(1)
    return counts
