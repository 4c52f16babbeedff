"""Speed-up and efficiency of several processes."""

from typing import NamedTuple


class Scaled(NamedTuple):
    """Hold how much faster so many processes are.

    Attributes:
        speedup: how many times as fast as the fewest processes.
        efficiency: the speed-up for each process more: 1 where twice as many take half the time.
    """

    speedup: float
    efficiency: float


def scaled(rate: float, processes: int, base_rate: float, base_processes: int) -> Scaled:
    """Return speed-up and efficiency against a base.

    Args:
        rate: what is done in a second, above 0.
        processes: by how many.
        base_rate: what the base does in a second, above 0.
        base_processes: by how many, most often 1.
    """
    speedup = rate / base_rate
    return Scaled(speedup, speedup * base_processes / processes)
