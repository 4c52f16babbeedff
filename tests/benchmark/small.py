"""Small sines to train on, and what a run leaves."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from stride import Block, DataBlock
from stride.models.autoencoders.feed_forward import FeedForwardAE

QUIET = {"logging_config.terminal_display": "off"}
SINES: dict[str, Any] = {"num_train": 20, "num_val": 8, "num_test": 8, "length": 16}
MODEL = Block("FeedForwardAE", hidden=[6, 2], dropout=0.1)


def network() -> FeedForwardAE:
    """Return a network of given weights."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return FeedForwardAE([1, 16], [6, 2], dropout=0.1)


def sines(split: str) -> DataBlock:
    """Return a split of few short sines, the name of whose set is known."""
    return DataBlock("sines", split=split, anomaly_length=4, **SINES)


def arrays(split: str) -> DataBlock:
    """Return the same as arrays, without labels: to score with them takes longer than to train."""
    return DataBlock(sines(split).inputs)


def named() -> tuple[DataBlock, DataBlock, DataBlock]:
    """Return the blocks of a benchmark of a set."""
    return sines("train"), sines("val"), sines("test")


def given() -> tuple[DataBlock, DataBlock, DataBlock]:
    """Return the same as arrays, without labels."""
    return arrays("train"), arrays("val"), arrays("test")


def weights(folder: Path) -> dict[str, Tensor]:
    """Return the weights of a run."""
    return load_file(folder / "weights.safetensors")


def log(folder: Path) -> str:
    """Return what the log of a run says."""
    return (folder / "logs" / "rank0.log").read_text()


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Tell whether two sets of weights are the same, bit by bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
