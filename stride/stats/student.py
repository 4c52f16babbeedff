"""Student's t distribution, for whole degrees of freedom."""

import math
from functools import lru_cache

_HALVINGS = 60  # of an angle: beyond the precision of a float


@lru_cache(maxsize=4096)
def t_quantile(level: float, freedom: int) -> float:
    """Return t so that a Student variable lies within -t and t with this probability.

    Args:
        level: between 0 and 1, as 0.95.
        freedom: degrees of freedom, 1 or more.
    """
    low, high = 0.0, math.pi / 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _within(middle, freedom) < level:
            low = middle
        else:
            high = middle
    return math.sqrt(freedom) * math.tan(low)


def t_within(t: float, freedom: int) -> float:
    """Return the probability that a Student variable lies within -t and t.

    Args:
        t: 0 or more.
        freedom: degrees of freedom, 1 or more.
    """
    return _within(math.atan(t / math.sqrt(freedom)), freedom)


def _within(angle: float, freedom: int) -> float:
    """Return it by the finite sums of Abramowitz and Stegun, 26.7.3 and 26.7.4.

    Args:
        angle: of which the tangent is t / sqrt(freedom).
        freedom: degrees of freedom.
    """
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term, total = (cosine, 0.0) if odd else (1.0, 0.0)
    for n in range(2 + odd, freedom + 1, 2):
        total += term
        term *= cosine * cosine * (n - 1) / n
    return (angle + sine * total) * 2 / math.pi if odd else sine * total
