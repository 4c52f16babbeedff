"""The loops that a person writes by hand, which STRIDE is measured against."""

import time
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.optim import AdamW
from torch.utils.data import DataLoader, Sampler, TensorDataset

from benchmarks.tasks import LOG_INTERVAL, Task
from stride.data.batches.sampler import Order


class Outcome(NamedTuple):
    """What a training took, and what it left.

    Attributes:
        seconds: CPU time of the training itself.
        network: with its last weights.
    """

    seconds: float
    network: nn.Module

    def loss(self, task: Task) -> float:
        """Return the network's mean loss over all samples."""
        with torch.no_grad():
            return cross_entropy(self.network(task.inputs), task.targets).item()


class EpochSampler(Sampler[int]):
    """Give the samples as RandomSampler does, in an order that is known by its epoch.

    Args:
        order: of the samples by epoch.
    """

    def __init__(self, order: Order) -> None:
        self._order = order
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order comes next."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._order.num_samples

    def __iter__(self) -> Iterator[int]:
        order = self._order.permutation(self._epoch)
        assert order is not None
        yield from order.tolist()


def data_loader(task: Task) -> DataLoader[tuple[torch.Tensor, ...]]:
    """Return the loader that a person makes: as by shuffle=True, but for the known order."""
    dataset = TensorDataset(task.inputs, task.targets)
    return DataLoader(dataset, task.batch_size, sampler=EpochSampler(task.order))


def raw_loop(task: Task) -> Outcome:
    """Train by the loop of the tutorials, with the loss read every 50 steps."""
    network, loader = task.network(), data_loader(task)
    criterion = nn.CrossEntropyLoss()
    start = time.process_time()
    optimizer = AdamW(network.parameters())  # on the CPU: not fused
    step = 0
    for epoch in range(task.epochs):
        loader.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = criterion(network(inputs), targets)
            loss.backward()
            optimizer.step()
            step += 1
            if step % LOG_INTERVAL == 0:
                loss.item()
    return Outcome(time.process_time() - start, network)


def vectorised_loop(task: Task) -> Outcome:
    """Train by the fastest loop that one writes: one permutation an epoch, fused AdamW."""
    network, order = task.network(), task.order
    inputs, targets, size = task.inputs, task.targets, task.batch_size
    criterion = nn.CrossEntropyLoss()
    start = time.process_time()
    optimizer = AdamW(network.parameters(), fused=True)
    step = 0
    for epoch in range(task.epochs):
        permutation = order.permutation(epoch)
        assert permutation is not None
        for begin in range(0, len(inputs), size):
            chosen = permutation[begin : begin + size]
            optimizer.zero_grad()
            loss = criterion(network(inputs[chosen]), targets[chosen])
            loss.backward()
            optimizer.step()
            step += 1
            if step % LOG_INTERVAL == 0:
                loss.item()
    return Outcome(time.process_time() - start, network)
