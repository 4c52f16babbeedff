"""The tasks that every party trains on: data, network, batch size, and the order of samples."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from stride import Step
from stride.data.batches.sampler import Order
from stride.data.digits import digits
from stride.data.split import split_indices
from stride.models.mlp import MLP

SEED = 0
CLASSES = 10
LOG_INTERVAL = 50  # steps between two readings of the loss, for every party alike


@dataclass(frozen=True)
class Task:
    """A training that is the same for all parties.

    Attributes:
        inputs: of all samples.
        targets: class numbers.
        batch_size: divides the number of samples.
        make: builds the network.
        epochs: how long a party trains in one turn.
    """

    inputs: Tensor
    targets: Tensor
    batch_size: int
    make: Callable[[], nn.Module]
    epochs: int

    @property
    def order(self) -> Order:
        """Return the order of the samples by epoch: STRIDE's, which the others are given too."""
        return Order(len(self.inputs), self.batch_size, seed=SEED, shuffle=True)

    @property
    def steps(self) -> int:
        """Return the optimiser updates of one turn."""
        return self.epochs * len(self.order)

    def network(self) -> nn.Module:
        """Build the network, with the same weights at each call."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)
            return self.make()

    def write(self, folder: Path) -> Path:
        """Write the data as a file; return its path."""
        path = folder / "data.safetensors"
        save_file({"inputs": self.inputs, "targets": self.targets}, path)
        return path


def mlp(epochs: int, samples: int = 16_384) -> Task:
    """Return the MLP 32-64-10 on vectors, in batches of 64."""
    inputs = torch.randn(samples, 32, generator=_generator())
    return Task(inputs, _targets(inputs), 64, _mlp, epochs)


def _mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, CLASSES))


def digits_mlp(epochs: int) -> Task:
    """Return STRIDE's own MLP, in batches of 64, on the digits that a run trains on by default."""
    images, targets = digits().tensors
    chosen = split_indices(len(targets), 0.15, 0.15, SEED)["train"]
    make = partial(MLP, (1, 8, 8), (CLASSES,))
    return Task(images[chosen], targets[chosen], 64, make, epochs)


class TwoTerms(nn.Module):
    """Train a network by a loss of two terms."""

    def __init__(self, network: nn.Module, named: bool) -> None:
        super().__init__()
        self.network, self.named = network, named

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the network's outputs."""
        outputs: Tensor = self.network(inputs)
        return outputs

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Step:
        """Return the sum of both terms, and each of them by name where that is asked for."""
        outputs = self.network(batch[0])
        fit, size = cross_entropy(outputs, batch[1]), 1e-3 * outputs.square().mean()
        values = {"fit": fit, "size": size} if self.named else {}
        return Step(fit + size, len(outputs), outputs, batch[1], values)


def two_terms(make: Callable[[], nn.Module], named: bool) -> nn.Module:
    """Build a network whose loss has two terms."""
    return TwoTerms(make(), named)


def cnn(epochs: int, samples: int = 2_560) -> Task:
    """Return a small convolutional network on 1x28x28, in batches of 128."""
    inputs = torch.randn(samples, 1, 28, 28, generator=_generator())
    return Task(inputs, _targets(inputs), 128, _cnn, epochs)


def _cnn() -> nn.Module:
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(32 * 7 * 7, CLASSES)),
    )


class Transformer(nn.Module):
    """Classify sequences of 64 tokens by two layers of width 128, without dropout."""

    WORDS = 256
    WIDTH = 128
    LENGTH = 64

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(self.WORDS, self.WIDTH)
        self.places = nn.Parameter(torch.randn(self.LENGTH, self.WIDTH) / self.WIDTH**0.5)
        layer = nn.TransformerEncoderLayer(
            self.WIDTH, 4, 4 * self.WIDTH, dropout=0.0, batch_first=True
        )
        self.layers = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(self.WIDTH, CLASSES)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (N, 64) to scores (N, 10)."""
        hidden = self.layers(self.words(tokens) + self.places)
        scores: Tensor = self.head(hidden.mean(1))
        return scores


def transformer(epochs: int, samples: int = 256) -> Task:
    """Return the transformer on sequences of 64 tokens, in batches of 32."""
    shape = (samples, Transformer.LENGTH)
    tokens = torch.randint(Transformer.WORDS, shape, generator=_generator())
    return Task(tokens, tokens.sum(1) % CLASSES, 32, Transformer, epochs)


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(SEED)


def _targets(inputs: Tensor) -> Tensor:
    """Return classes that can be learnt from the inputs: by a fixed random linear map."""
    flat = inputs.flatten(1)
    generator = torch.Generator().manual_seed(SEED + 1)
    return (flat @ torch.randn(flat.shape[1], CLASSES, generator=generator)).argmax(1)
