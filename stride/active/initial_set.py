"""Choose the first labelled samples: at random, evenly over the classes, or as they are given."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from stride.data.seeding import generator
from stride.errors import ConfigError

START = 9  # which of the random streams of a seed
KEY = "active_config.start"


def start_ids(
    start: str | Sequence[int],
    size: int,
    length: int,
    targets: Callable[[], Tensor],
    seed: int,
) -> Tensor:
    """Return the ids of the samples that are labelled before the first query.

    Args:
        start: `random`, `stratified`, or the ids.
        size: how many, unless they are given.
        length: of the split that they are chosen from.
        targets: gives the class of every sample of the split.
        seed: of the run.

    Raises:
        ConfigError: there are fewer samples, an id is none or there twice, or targets are not
            classes.
    """
    if not isinstance(start, str):
        return _given(start, length)
    if size > length:
        raise ConfigError(
            f"{size} samples are to be labelled at the start, and the split has {length}",
            key="active_config.start_size",
            where="active_config.start_size",
        )
    order = torch.randperm(length, generator=generator(seed, START))
    return order[:size] if start == "random" else _stratified(order, targets(), size)


def _given(start: Sequence[int], length: int) -> Tensor:
    outside = [one for one in start if one >= length]
    twice = len(set(start)) < len(start)
    if outside or twice or not start:
        what = f"has {outside[0]}, and the split has {length} samples" if outside else ""
        what = what or ("names a sample twice" if twice else "has no sample")
        raise ConfigError(f"the list {what}", key=KEY, where=KEY)
    return torch.tensor(list(start), dtype=torch.int64)


def _stratified(order: Tensor, targets: Tensor, size: int) -> Tensor:
    """Take the first of each class in the random order, then the second of each, and so on."""
    if targets.ndim != 1 or targets.is_floating_point():
        raise ConfigError(
            "only samples of one class each can be chosen evenly over the classes",
            key=KEY,
            where=KEY,
            hint="type: active_config.start=random",
        )
    classes = targets[order]
    turn = torch.zeros(len(order), dtype=torch.int64)
    for label in torch.unique(classes):
        mine = classes == label
        turn[mine] = torch.arange(int(mine.sum()))
    return order[turn.argsort(stable=True)[:size]]
