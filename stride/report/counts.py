"""Count the values that runs have, and shorten those that are too long to be read."""

from collections import Counter
from collections.abc import Iterable

_MOST = 8  # values that are told
_LONGEST = 300  # characters of one


def counted(texts: Iterable[str]) -> list[str]:
    """Return the values, the most frequent first, each with how many runs have it.

    Of many there are the first ones, and how many more; a value that all have stands alone.
    """
    counts = Counter(texts).most_common()
    if len(counts) == 1:
        return [shortened(counts[0][0])]
    more = [f"{len(counts) - _MOST} more"] if len(counts) > _MOST else []
    return [*(f"{shortened(text)} ({count})" for text, count in counts[:_MOST]), *more]


def shortened(text: str) -> str:
    """Return the beginning of a text that is too long, any other as it is."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
