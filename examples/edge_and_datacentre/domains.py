"""The two domains: digits as they are, and as a camera out of focus sees them, upside down."""

import torch
from torch import Tensor, nn

from stride.active.drift import DriftingDataset, HardSwitch, Static
from stride.data.array_dataset import ArrayDataset
from stride.data.digits import digits
from stride.models.mlp import MLP

MODEL = {"hidden": [64], "dropout": 0.2}
KNOWN = 600  # digits that the datacentre has from the beginning
LENGTH, SWITCH = 1100, 600  # of the stream, and the sample at which the camera is knocked


def mixed() -> tuple[Tensor, Tensor]:
    """Return all digits in a fixed random order: the file has them writer by writer."""
    inputs, targets = digits().tensors
    order = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(0))
    return inputs[order], targets[order]


def known() -> dict[str, Tensor]:
    """Return what the datacentre trains on before anything drifts."""
    inputs, targets = mixed()
    return {"inputs": inputs[:KNOWN], "targets": targets[:KNOWN]}


def stream(drifts: bool) -> DriftingDataset:
    """Return what the edge sees: other digits, from one sample on by the knocked camera."""
    inputs, targets = (column[KNOWN:] for column in mixed())
    knocked = nn.functional.avg_pool2d(inputs.flip(2), 3, stride=1, padding=1)
    schedule = HardSwitch(SWITCH) if drifts else Static()
    domains = ArrayDataset([inputs, targets]), ArrayDataset([knocked, targets])
    return DriftingDataset(*domains, schedule, length=LENGTH)


def network() -> nn.Module:
    """Build the network that both sides know."""
    return MLP([1, 8, 8], [10], **MODEL)
