"""What each rank of the measurement of several processes does; torchrun starts it.

Both parties train in turns in the same processes: STRIDE, and the loop that one writes by hand with
torch's DistributedDataParallel, on the same share of the same batches.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import AdamW

from benchmarks.parties import CLOSE, Unequal, steady
from benchmarks.scale import Scale
from benchmarks.strided import Clock, fit, in_memory
from benchmarks.tasks import LOG_INTERVAL, SEED, Task, cnn, mlp
from stride.data.batches.sampler import Order

_SENT = 8  # which number after the colon in a line of /proc/net/dev counts the bytes that were sent


class Turn:
    """Measure one training: CPU seconds of all ranks, and bytes that went over the loopback."""

    def __init__(self) -> None:
        dist.barrier()
        self._bytes, self._start = loopback(), time.process_time()

    def end(self) -> list[float]:
        """Return the CPU seconds of all ranks together, and the bytes."""
        seconds = torch.tensor([time.process_time() - self._start], dtype=torch.float64)
        dist.barrier()
        sent = loopback() - self._bytes
        dist.all_reduce(seconds)
        return [seconds.item(), sent]


class RankedClock(Clock):
    """Measure from the first batch to the end of the last epoch."""

    def before_train(self, trainer: Any) -> None:
        """Start."""
        self._turn = Turn()

    def after_train(self, trainer: Any) -> None:
        """Stop, and keep the last weights."""
        self.figures = self._turn.end()
        self.weights = {k: v.clone() for k, v in trainer.model.network.state_dict().items()}


def loopback() -> float:
    """Return the bytes that were sent over the loopback so far."""
    for line in Path("/proc/net/dev").read_text().splitlines():
        name, _, numbers = line.partition(":")
        if name.strip() == "lo":
            return float(numbers.split()[_SENT])
    return 0.0


def strided(task: Task, folder: Path) -> tuple[list[float], nn.Module]:
    """Train by STRIDE."""
    clock, network = RankedClock(), task.network()
    fit(task, folder, clock, network=network, **in_memory(task, folder))
    network.load_state_dict(clock.weights)
    return clock.figures, network


def by_hand(task: Task) -> tuple[list[float], nn.Module]:
    """Train by the fastest loop that one writes round DistributedDataParallel."""
    rank, size = dist.get_rank(), task.batch_size
    whole = size * dist.get_world_size()
    order = Order(len(task.inputs), whole, seed=SEED, shuffle=True)
    network = DistributedDataParallel(task.network())
    criterion = nn.CrossEntropyLoss()
    optimizer = AdamW(network.parameters(), fused=True)
    turn, step = Turn(), 0
    for epoch in range(task.epochs):
        permutation = order.permutation(epoch)
        assert permutation is not None
        for begin in range(0, len(task.inputs), whole):
            chosen = permutation[begin + rank * size : begin + (rank + 1) * size]
            optimizer.zero_grad()
            loss = criterion(network(task.inputs[chosen]), task.targets[chosen])
            loss.backward()
            optimizer.step()
            step += 1
            if step % LOG_INTERVAL == 0:
                loss.item()
    return turn.end(), network.module


def main() -> None:
    """Train in turns, insist on equal losses, and write the figures of each turn."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=("mlp", "cnn"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    scale = Scale(options.quick)
    task = {"mlp": _mlp, "cnn": _cnn}[options.task](scale)
    steady()
    dist.init_process_group("gloo")
    parties: dict[str, Callable[[], tuple[list[float], nn.Module]]] = {
        "stride": lambda: strided(task, options.folder),
        "by hand": lambda: by_hand(task),
    }
    figures: dict[str, list[list[float]]] = {name: [] for name in parties}
    repeats = scale.of(7)
    for turn in range(-1 if repeats > 1 else 0, repeats):
        names = list(parties)[:: 1 if turn % 2 else -1]
        networks = {}
        for name in names:
            taken, networks[name] = parties[name]()
            if turn >= 0:
                figures[name].append(taken)
        _check(task, *networks.values())
    if dist.get_rank() == 0:
        (options.folder / "figures.json").write_text(json.dumps(figures))
    dist.destroy_process_group()


def _mlp(scale: Scale) -> Task:
    return mlp(epochs=scale.of(8), samples=scale.of(16_384, 1_024))


def _cnn(scale: Scale) -> Task:
    return cnn(1, scale.of(2_560, 512))


def _check(task: Task, one: nn.Module, other: nn.Module) -> None:
    with torch.no_grad():
        losses = [
            nn.functional.cross_entropy(network(task.inputs), task.targets).item()
            for network in (one, other)
        ]
    if abs(losses[0] / losses[1] - 1) > CLOSE:
        raise Unequal(f"the final losses differ: {losses}")


if __name__ == "__main__":
    main()
