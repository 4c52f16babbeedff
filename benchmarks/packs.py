"""What the step of a pack costs, beside the steps of its members one after the other.

Both sides train the same 32 networks on the same batches with STRIDE's own steps, and end with the
same bits, which is checked. Nothing else is in the time: no reports, no data but in memory.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
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
from stride.engine.packs.member import Member, drawing_from
from stride.engine.packs.step import PackedStep
from stride.engine.precision import Precision
from stride.engine.update import Update
from stride.models.mlp import MLP
from stride.models.model import Model

WIDTH, BATCH, STEPS = 32, 64, 50
Windows = Sequence[Sequence[Any]]


def pack_rows(scale: Scale) -> Iterator[Row]:
    """Yield the rows of small networks, and of what normalises and drops."""
    entropy = nn.CrossEntropyLoss()
    small = Kind("MLPs 32-64-10", 32, lambda: _chain(32, 64, CLASSES), entropy, 1 / 8)
    widths = 140, 64, 8, 64, 140
    coders = Kind("autoencoders 140-64-8-64-140", 140, lambda: _chain(*widths), nn.L1Loss(), 1 / 3)
    batch = Kind("MLPs 64-64-10, BatchNorm, dropout", 64, lambda: _mlp(hidden=[64], norm="batch"))
    usual = Kind("MLPs 64-256-256-10, LayerNorm, dropout", 64, _mlp)
    for kind in (small, coders, batch, usual):
        yield _row(scale, kind)


@dataclass(frozen=True)
class Kind:
    """What the members of a pack are.

    Attributes:
        name: in the table.
        features: of a sample.
        make: builds a network.
        criterion: of all.
        goal: of the ratio, None for none.
    """

    name: str
    features: int
    make: Callable[[], nn.Module]
    criterion: nn.Module = field(default_factory=nn.CrossEntropyLoss)
    goal: float | None = None


def _row(scale: Scale, kind: Kind) -> Row:
    steady()
    classes = isinstance(kind.criterion, nn.CrossEntropyLoss)
    windows = [_window(kind.features, classes, step) for step in range(scale.of(STEPS, 2))]
    packed, single = ([_member(kind, place) for place in range(WIDTH)] for _ in range(2))
    parties = {"packed": _packed(packed, windows), "single": _single(single, windows)}
    seconds = take_turns(parties, scale.of(15))
    _require_same_bits(packed, single)
    return ratio_row("packs", f"{WIDTH} {kind.name} / one by one", *seconds.values(), kind.goal)


def _chain(*widths: int) -> nn.Module:
    layers = [layer for pair in pairwise(widths) for layer in (nn.Linear(*pair), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


def _mlp(**options: Any) -> nn.Module:
    return MLP((64,), (CLASSES,), **options)


def _member(kind: Kind, place: int) -> Member:
    torch.manual_seed(place)
    network = kind.make()
    lr, decay = 10 ** (-4 + place / WIDTH), 0.01 * (place % 3)
    optimizer = AdamW(network.parameters(), lr=lr, weight_decay=decay, fused=True)
    model = Model(network, kind.criterion)
    model.train()
    return Member(model, optimizer, torch.Generator().manual_seed(place))


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
        for place, (member, update) in enumerate(zip(members, updates, strict=True)):
            with drawing_from(member.generator):
                for window in windows:
                    update.apply([window[place]], update.gradients([window[place]]))
        return time.process_time() - start

    return train


def _require_same_bits(packed: Sequence[Member], single: Sequence[Member]) -> None:
    for place, pair in enumerate(zip(packed, single, strict=True)):
        ours, theirs = (one.model.state_dict() for one in pair)
        if not all(torch.equal(ours[name], theirs[name]) for name in ours):
            raise Unequal(f"weights of member {place} differ")
