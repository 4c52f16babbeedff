"""Say how much a replay buffer holds: transitions, or bytes as people type them."""

import math
import re
from dataclasses import dataclass

import numpy as np

from stride.errors import ComponentError
from stride.rl.spaces import Spaces

_SIZE = re.compile(r"(\d+\.?\d*|\.\d+) ?([kKMGT]?)(i?)B", re.ASCII)
_POWERS = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4}
_SHARE = 16  # one row for the last observation of an episode to so many transitions
_RECORD = 12  # bytes of a transition's reward, discount and the place of what it led to
_MOST = 2**30  # rows, so that the number of any fits into 32 bits
_PRIORITY = 9  # bytes, with a transition's part of the sums


@dataclass(frozen=True)
class Capacity:
    """How many rows a replay buffer has.

    Attributes:
        transitions: that can be sampled.
        rows: for transitions.
        finals: rows for the last observations of episodes.
        growing: whether there may be more of these; else the oldest transitions go.
    """

    transitions: int
    rows: int
    finals: int
    growing: bool


def read_capacity(
    given: int | str, num_envs: int, spaces: Spaces, n_step: int, prioritized: bool, copies: int
) -> Capacity:
    """Return what a number of transitions, or of bytes, comes to.

    Args:
        given: transitions, or bytes as `500MB`, `2GB` or `1.5GiB`.
        num_envs: environments side by side.
        spaces: theirs.
        n_step: rewards in a sum.
        prioritized: whether transitions have priorities.
        copies: how many rows there are for each transition.

    Raises:
        ComponentError: it is neither, or less than every environment needs.
    """
    observation = _bytes(spaces.observation_shape, spaces.observation_dtype)
    action = _bytes(spaces.action_shape, "int64" if spaces.discrete else "float32")
    least = (n_step + 1) * num_envs
    if isinstance(given, str):
        row = copies * (observation + action + _RECORD + prioritized * _PRIORITY)
        whole = _bytes_of(given) - (num_envs + least) * observation
        transitions = int(whole / (row + observation / _SHARE))
    else:
        transitions = given
    if transitions < least:
        what = f"{given!r} is too little for a replay buffer: it is {max(transitions, 0):,} steps"
        hint = f"{num_envs} environments need at least {least:,} steps"
        raise ComponentError(what, where="capacity", hint=hint)
    if transitions > _MOST // copies:
        what = f"{given!r} is too much for a replay buffer: it is {transitions:,} steps"
        raise ComponentError(what, where="capacity", hint=f"take at most {_MOST // copies:,}")
    finals = transitions // _SHARE + least
    return Capacity(transitions, copies * transitions, finals, isinstance(given, int))


def _bytes(shape: tuple[int, ...], dtype: str) -> int:
    return math.prod(shape) * np.dtype(dtype).itemsize


def _bytes_of(text: str) -> float:
    found = _SIZE.fullmatch(text)
    if found is None:
        hint = "type a number of steps, or bytes as 500MB, 2GB or 1.5GiB"
        raise ComponentError(f"{text!r} is not a size", where="capacity", hint=hint)
    number, prefix, binary = found.groups()
    return float(number) * float(1024 if binary else 1000) ** _POWERS[prefix]
