"""Tiny data and networks that strategies are tried on."""

import pytest
import torch
from torch import nn

from stride.active.pool.pool import Pool
from stride.active.pool.pool_reader import Reader
from stride.data.array_dataset import ArrayDataset
from stride.models.model import Model

CPU = torch.device("cpu")


@pytest.fixture
def data() -> ArrayDataset:
    """Give 60 samples of 5 numbers in 3 classes."""
    draw = torch.Generator().manual_seed(0)
    return ArrayDataset(
        [torch.randn(60, 5, generator=draw), torch.randint(3, (60,), generator=draw)]
    )


@pytest.fixture
def read(data):
    """Give the samples in batches of 8."""
    return Reader(data, {"batch_size": 8}, seed=0, device=CPU)


@pytest.fixture
def make_pool(read):
    """Make the pool of the samples from 10 on; the first ten are labelled."""

    def make(**options):
        options = {"count": 6, "seed": 3, "round_number": 1, **options}
        reads = options.pop("read", read)
        ids, labelled = options.pop("ids", torch.arange(10, 60)), options.pop("labelled", range(10))
        return Pool(reads, ids, labelled, **options)

    return make


@pytest.fixture
def make_model():
    """Make a classifier with dropout and batch statistics, or of another size and criterion."""

    def make(seed: int = 0, outputs: int = 3, criterion: nn.Module | None = None) -> Model:
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            net = nn.Sequential(
                *(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU()),
                *(nn.Dropout(0.4), nn.Linear(8, outputs)),
            )
        return Model(net, criterion or nn.CrossEntropyLoss())

    return make
