"""What the step of a pack costs, beside the steps of its members one after the other.

Both sides train the same 32 networks on the same batches with STRIDE's own steps, and end with the
same bits, which is checked. Nothing else is in the time: no reports, no data but in memory.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW

from benchmarks.parties import Unequal, steady
from benchmarks.scale import Scale
from benchmarks.table import Row, ratio_row
from benchmarks.tasks import CLASSES
from benchmarks.timing import take_turns
from stride.engine.optim.optimizers import SINGLE, Optimizers
from stride.engine.packs.member import Member
from stride.engine.packs.step import PackedStep
from stride.engine.precision import Precision
from stride.engine.update import Update
from stride.models.model import Model

WIDTH, BATCH, STEPS = 32, 64, 50
Windows = Sequence[Sequence[Any]]


def pack_rows(scale: Scale) -> Iterator[Row]:
    """Yield the rows of the MLP 32-64-10 and of the autoencoder 140-64-8-64-140."""
    mlp, autoencoder = (32, 64, CLASSES), (140, 64, 8, 64, 140)
    yield _row(scale, f"{WIDTH} MLPs 32-64-10", mlp, nn.CrossEntropyLoss(), 1 / 8)
    yield _row(scale, f"{WIDTH} autoencoders 140-64-8-64-140", autoencoder, nn.L1Loss(), 1 / 3)


def _row(scale: Scale, name: str, widths: Sequence[int], criterion: nn.Module, goal: float) -> Row:
    steady()
    classes = isinstance(criterion, nn.CrossEntropyLoss)
    windows = [_window(widths[0], classes, step) for step in range(scale.of(STEPS, 2))]
    packed, single = ([_member(widths, criterion, n) for n in range(WIDTH)] for _ in range(2))
    parties = {"packed": _packed(packed, windows), "single": _single(single, windows)}
    seconds = take_turns(parties, scale.of(15))
    _require_same_bits(packed, single)
    return ratio_row("packs", f"{name} / one by one", *seconds.values(), goal)


def _member(widths: Sequence[int], criterion: nn.Module, place: int) -> Member:
    torch.manual_seed(place)
    layers = [layer for pair in pairwise(widths) for layer in (nn.Linear(*pair), nn.ReLU())]
    network = nn.Sequential(*layers[:-1])
    lr, decay = 10 ** (-4 + place / WIDTH), 0.01 * (place % 3)
    optimizer = AdamW(network.parameters(), lr=lr, weight_decay=decay, fused=True)
    return Member(Model(network, criterion), optimizer)


def _window(features: int, classes: bool, step: int) -> list[Tensor | tuple[Tensor, Tensor]]:
    """Return a batch of each member: with labels, or of inputs alone."""
    generator = torch.Generator().manual_seed(step)
    inputs = torch.randn(WIDTH, BATCH, features, generator=generator).unbind()
    labels = torch.randint(CLASSES, (WIDTH, BATCH), generator=generator).unbind()
    return list(zip(inputs, labels, strict=True)) if classes else list(inputs)


def _packed(members: Sequence[Member], windows: Windows) -> Callable[[], float]:
    pack = PackedStep(members)
    batches = [dict(enumerate(window)) for window in windows]

    def train() -> float:
        start = time.process_time()
        for window in batches:
            pack.gradients(window)
            pack.apply()
        return time.process_time() - start

    return train


def _single(members: Sequence[Member], windows: Windows) -> Callable[[], float]:
    precision = Precision("fp32", torch.device("cpu"))
    updates = [Update(m.model, Optimizers({SINGLE: m.optimizer}), precision) for m in members]

    def train() -> float:
        start = time.process_time()
        for window in windows:
            for update, batch in zip(updates, window, strict=True):
                update.apply([batch], update.gradients([batch]))
        return time.process_time() - start

    return train


def _require_same_bits(packed: Sequence[Member], single: Sequence[Member]) -> None:
    for place, pair in enumerate(zip(packed, single, strict=True)):
        ours, theirs = (one.model.state_dict() for one in pair)
        if not all(torch.equal(ours[name], theirs[name]) for name in ours):
            raise Unequal(f"weights of member {place} differ")
