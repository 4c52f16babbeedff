"""A dataset of your own: three rings of points in the plane, one class each."""

import torch
from torch import Tensor
from torch.utils.data import Dataset

SEEDS = {"train": 0, "val": 1, "test": 2}


class Rings(Dataset[tuple[Tensor, int]]):
    """Points (x, y) of three rings round the origin, and the number of their ring.

    STRIDE calls the class once per split, since it takes `split`. A dataset without that
    argument is divided by `val_fraction` and `test_fraction`.

    Args:
        split: train, val or test.
        samples: number of points.
        noise: deviation of a point from its ring.
    """

    num_classes = 3

    def __init__(self, split: str, samples: int = 600, noise: float = 0.1) -> None:
        generator = torch.Generator().manual_seed(SEEDS[split])
        self.rings = torch.arange(samples) % self.num_classes
        angles = torch.rand(samples, generator=generator) * 2 * torch.pi
        radii = self.rings + 1 + noise * torch.randn(samples, generator=generator)
        self.points = torch.stack([radii * angles.cos(), radii * angles.sin()], dim=1)

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.points[index], int(self.rings[index])
