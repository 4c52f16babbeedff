"""Name some of many things: a command over thousands of runs stays short."""

from collections.abc import Sequence

NAMED = 20


def listed(texts: Sequence[str], between: str = ", ") -> str:
    """Return texts joined: the first of many, and how many more there are."""
    more = [f"and {len(texts) - NAMED:,} more"] if len(texts) > NAMED else []
    return between.join([*texts[:NAMED], *more])
