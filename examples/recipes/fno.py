"""A Fourier neural operator (Li et al., 2020, arXiv 2010.08895): from a state to a later one."""

import torch
from torch import nn
from torch.utils.data import Dataset

from stride import Trainer


class Diffusion(Dataset):
    """Concentrations on a ring (1, L), and the same ones later, when they have spread."""

    def __init__(self, split: str, samples: int = 56, resolution: int = 16):
        random = torch.Generator().manual_seed({"train": 0, "val": 1, "test": 2}[split])
        waves = torch.arange(1, 5)
        phases = 2 * torch.pi * torch.rand(samples, 1, 1, 4, generator=random)
        angles = waves * torch.linspace(0, 2 * torch.pi, resolution + 1)[:-1, None] + phases
        self.before = torch.sin(angles).sum(3)
        self.after = (torch.sin(angles) * torch.exp(-0.1 * waves**2)).sum(3)

    def __len__(self):
        return len(self.before)

    def __getitem__(self, index):
        return self.before[index], self.after[index]


class Spectral(nn.Module):
    """Multiply the lowest modes of all channels by matrices, one for each mode."""

    def __init__(self, width: int, modes: int):
        super().__init__()
        weights = torch.randn(width, width, modes, dtype=torch.cfloat) / width
        self.weights, self.around = nn.Parameter(weights), nn.Conv1d(width, width, 1)

    def forward(self, states):
        length, modes = states.shape[-1], self.weights.shape[-1]
        lowest = torch.fft.rfft(states, norm="forward")[..., :modes]
        mixed = torch.einsum("bim,iom->bom", lowest, self.weights)
        return torch.fft.irfft(mixed, length, norm="forward") + self.around(states)


class Operator(nn.Module):
    def __init__(self, in_channels: int, width: int = 8, modes: int = 4, layers: int = 2):
        super().__init__()
        self.enter, self.leave = nn.Conv1d(in_channels, width, 1), nn.Conv1d(width, 1, 1)
        self.layers = nn.ModuleList(Spectral(width, modes) for _ in range(layers))

    def forward(self, states):
        states = self.enter(states)
        for layer in self.layers:
            states = nn.functional.gelu(layer(states))
        return self.leave(states)


class RelativeError(nn.Module):
    def forward(self, outputs, targets):
        distance = (outputs - targets).flatten(1).norm(dim=1)
        return (distance / targets.flatten(1).norm(dim=1)).mean()


def train(work_dir, **more):
    Trainer(
        work_dir,
        dataset_kwargs={
            "dataset_name": Diffusion,
            "extra_splits": {"finer": {"resolution": 32}},
        },
        load_data_kwargs={"batch_size": 8},
        model_kwargs={"model_name": Operator},
        criterion_kwargs={"criterion_name": RelativeError},
        training_config={"max_epochs": 2},
        **more,
    ).fit()


if __name__ == "__main__":
    train("work_dirs/fno")
