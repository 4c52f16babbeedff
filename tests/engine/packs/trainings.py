"""Small trainings that differ in seed, order, learning rate and decay, to be packed."""

from itertools import pairwise

import torch
from torch import nn
from torch.optim import AdamW

from stride.engine.packs.member import Member
from stride.models.model import Model


def chain(*widths):
    layers = [layer for pair in pairwise(widths) for layer in (nn.Linear(*pair), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


def normalised():
    layers = [nn.Linear(32, 64, bias=False), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.2)]
    return nn.Sequential(*layers, nn.Linear(64, 10))


def mlp():
    return chain(32, 64, 10)


def autoencoder():
    return chain(140, 64, 8, 64, 140)


def member(place, make=mlp, criterion=None, seed=0, kind=AdamW, **options):
    torch.manual_seed(100 * seed + place)
    network = make()
    lr, decay = 10 ** (-2 - place % 5 / 4), 0.01 * (place % 3)
    optimizer = kind(network.parameters(), lr=lr, weight_decay=decay, fused=True)
    model = Model(network, criterion or nn.CrossEntropyLoss())
    model.train()
    return Member(model, optimizer, torch.Generator().manual_seed(place), **options)


def members(width, *arguments, **options):
    return [member(place, *arguments, **options) for place in range(width)]


def windows(width, steps, sizes=(64,), shape=(32,), classes=10):
    """Batches of each member, of sizes that take turns; without classes, of inputs alone."""
    generator = torch.Generator().manual_seed(7)
    return [
        [_batch(sizes[step % len(sizes)], shape, classes, generator) for _ in range(width)]
        for step in range(steps)
    ]


def _batch(size, shape, classes, generator):
    inputs = torch.randn(size, *shape, generator=generator)
    return (inputs, torch.randint(0, classes, (size,), generator=generator)) if classes else inputs
