"""A closure for a plasma model: the pressure of particles from the moments of a field of them."""

import torch
from torch import nn
from torch.utils.data import Dataset

from stride import Trainer

PRESSURES = ("pxx", "pxy", "pyy")


class Plasma(Dataset):
    """Fields of density, two velocities and magnetic field (4, L), and of pressures (3, L)."""

    def __init__(self, split: str, samples: int = 56, resolution: int = 16):
        random = torch.Generator().manual_seed({"train": 0, "val": 1, "test": 2}[split])
        waves = torch.arange(1, 4) * torch.linspace(0, 2 * torch.pi, resolution + 1)[:-1, None]
        phases = 2 * torch.pi * torch.rand(samples, 4, 1, 3, generator=random)
        self.moments = torch.sin(waves + phases).sum(3) / 3
        density, *velocity, field = self.moments.unbind(1)
        density = 1 + density.abs()
        xx, yy = (density * (1 + v**2) for v in velocity)
        self.pressures = torch.stack([xx, density * field * velocity[0], yy], dim=1)

    def __len__(self):
        return len(self.moments)

    def __getitem__(self, index):
        return self.moments[index], self.pressures[index]


def convolutions(width: int = 16):
    """Return layers that take fields of any length."""
    ends = [(4, width), (width, width), (width, len(PRESSURES))]
    layers = [nn.Conv1d(*each, 3, padding="same", padding_mode="circular") for each in ends]
    return nn.Sequential(layers[0], nn.GELU(), layers[1], nn.GELU(), layers[2])


def train(work_dir, **more):
    r2 = [
        {"metric_name": "r2", "channel": channel, "as": f"r2_{name}"}
        for channel, name in enumerate(PRESSURES)
    ]
    Trainer(
        work_dir,
        dataset_kwargs={
            "dataset_name": Plasma,
            "normalize": "standard",
            "extra_splits": {"finer": {"resolution": 32}},
        },
        load_data_kwargs={"batch_size": 8},
        model_kwargs={"model_name": convolutions},
        training_config={
            "max_epochs": 2,
            "metrics": ["mae", *r2],
            "saving_metric": "validation/r2_pxy",
        },
        **more,
    ).fit()


if __name__ == "__main__":
    train("work_dirs/closure")
