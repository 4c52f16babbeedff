"""Move labels apart that would cover each other."""

from collections.abc import Sequence


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return places at least a gap apart, in the order of those that are wished for.

    They move as little as the sum of squares can be: neighbours that are too close share the mean
    of their wishes (isotonic regression by pooling adjacent violators, Barlow et al., 1972).

    Args:
        places: where each is wished to be, in any order; of equal ones the first stays first.
        gap: between two of them; smaller where they do not fit otherwise.
        low: where the first may be.
        high: where the last may be.
    """
    order = sorted(range(len(places)), key=places.__getitem__)
    gap = min(gap, (high - low) / (len(places) - 1)) if len(places) > 1 else gap
    pools: list[list[float]] = []  # the sum of the wishes and how many they are
    for rank, index in enumerate(order):
        pools.append([places[index] - rank * gap, 1])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            total, count = pools.pop()
            pools[-1] = [pools[-1][0] + total, pools[-1][1] + count]
    last = high - gap * (len(places) - 1)
    wished = [total / count for total, count in pools for _ in range(int(count))]
    found = dict(zip(order, (max(low, min(one, last)) for one in wished), strict=True))
    return [found[index] + order.index(index) * gap for index in range(len(places))]
