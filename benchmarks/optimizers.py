"""What groups of parameters, an average of the weights and two optimisers cost in a step.

The MLP 32-64-10 in batches of 64, in memory. Whatever is added changes no bit of the training: a
group has the options that all have, and the average goes beside. So what is compared is the same.
"""

import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import AdamW

from benchmarks.loops import Outcome
from benchmarks.parties import train_in_turns
from benchmarks.scale import Scale
from benchmarks.strided import fit_in_memory
from benchmarks.table import Row, ratio_row
from benchmarks.tasks import LOG_INTERVAL, Task, mlp
from stride import Step

GROUPS = [{"match": "*.bias", "weight_decay": 0.01}]
NAMES = ("first", "second")
TURNS = {name: {"match": f"{n}.*"} for name, n in zip(NAMES, ("0", "2"), strict=True)}


def optimizer_rows(scale: Scale) -> Iterator[Row]:
    """Yield the rows: each option over none, and two optimisers over an alternation by hand."""
    task = mlp(epochs=scale.of(8), samples=scale.of(16_384, 1_024))
    with tempfile.TemporaryDirectory() as folder:
        fit = partial(fit_in_memory, task, Path(folder))
        trainings = {
            "none": fit,
            "groups": partial(fit, optimizer_kwargs={"groups": GROUPS}),
            "ema": partial(fit, average_config={"kind": "ema"}),
        }
        same = {"groups": "none", "ema": "none"}
        seconds = train_in_turns(task, trainings, scale.of(15), same_bits=same)
    none, groups, ema = (seconds[name] for name in trainings)
    yield ratio_row("optimizers", "MLP, a group for biases / one group", groups, none, 1.03)
    yield ratio_row("optimizers", "MLP, an average (ema) / none", ema, none, 1.03)
    yield from _alternating(scale)


def _alternating(scale: Scale) -> Iterator[Row]:
    """Yield the row of an optimiser for each layer, which take turns."""
    plain = mlp(epochs=scale.of(8), samples=scale.of(16_384, 1_024))
    task = Task(plain.inputs, plain.targets, plain.batch_size, _Alternating, plain.epochs)
    training = {"max_epochs": task.epochs, "log_interval": LOG_INTERVAL, "metrics": []}
    with tempfile.TemporaryDirectory() as folder:
        options = {"optimizers": TURNS, "training_config": training}
        trainings = {
            "stride": partial(fit_in_memory, task, Path(folder), **options),
            "by hand": partial(_by_hand, task),
        }
        same = {"stride": "by hand"}
        seconds = train_in_turns(task, trainings, scale.of(15), same_bits=same)
    stride, by_hand = (seconds[name] for name in trainings)
    yield ratio_row("optimizers", "MLP, two optimizers / by hand, in turns", stride, by_hand, 1.0)


class _Alternating(nn.Sequential):
    """The MLP, whose layers are moved in turns."""

    def __init__(self) -> None:
        super().__init__(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 10))
        self.steps = 0

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Step:
        """Return the loss, and whose turn it is."""
        inputs, targets = batch
        name = NAMES[self.steps % 2]
        self.steps += 1
        return Step(cross_entropy(self(inputs), targets), len(inputs), optimizer=name)


def _by_hand(task: Task) -> Outcome:
    """Train by the loop that one writes: a fused AdamW for each layer, in turns."""
    network: Any = task.network()
    start = time.process_time()
    movers = [AdamW(layer.parameters(), fused=True) for layer in (network[0], network[2])]
    step = 0
    for epoch in range(task.epochs):
        permutation = task.order.permutation(epoch)
        assert permutation is not None
        for begin in range(0, len(task.inputs), task.batch_size):
            chosen = permutation[begin : begin + task.batch_size]
            mover = movers[step % 2]
            loss = cross_entropy(network(task.inputs[chosen]), task.targets[chosen])
            mover.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            mover.step()
            step += 1
            if step % LOG_INTERVAL == 0:
                loss.item()
    return Outcome(time.process_time() - start, network)
