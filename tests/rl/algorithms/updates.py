"""A policy that says the same of everything, and two steps to learn from."""

import math

import torch
from torch import nn

from stride.rl.spaces import Spaces

CPU = torch.device("cpu")
CHOICE = Spaces((2,), "float32", (), 2)


class Fixed(nn.Module):
    """Return the same policy and value of everything."""

    def __init__(self, logits, value):
        super().__init__()
        self.logits = nn.Parameter(torch.tensor(logits))
        self.value = nn.Parameter(torch.tensor(value))

    def forward(self, observations):
        size = len(observations)
        return self.logits.expand(size, -1), self.value.expand(size)


def batch(**columns):
    """Return two steps, in which actions 0 and 1 had a half each."""
    half = math.log(0.5)
    return {
        "observations": torch.zeros(2, 2),
        "raw_actions": torch.tensor([0, 1]),
        "log_probs": torch.tensor([half, half]),
        "values": torch.tensor([1.0, 1.0]),
        "advantages": torch.tensor([2.0, -1.0]),
        "returns": torch.tensor([3.0, 0.0]),
        "explained_variance": torch.tensor(0.25),
        **columns,
    }
