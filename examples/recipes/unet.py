"""A U-Net (Ronneberger et al., 2015, arXiv 1505.04597) that finds discs in noisy images."""

import torch
from torch import nn
from torch.utils.data import Dataset

from stride import Trainer
from stride.metrics import Sums


class Discs(Dataset):
    """Images with a disc each (1, 16, 16), and where it is (1, 16, 16), 0 or 1."""

    def __init__(self, split: str, samples: int = 28):
        random = torch.Generator().manual_seed({"train": 0, "val": 1, "test": 2}[split])
        y, x = torch.meshgrid(torch.arange(16.0), torch.arange(16.0), indexing="ij")
        at = 4 + 8 * torch.rand(samples, 2, 1, 1, generator=random)
        radius = 2 + 2 * torch.rand(samples, 1, 1, generator=random)
        inside = (x - at[:, 0]) ** 2 + (y - at[:, 1]) ** 2 < radius**2
        self.masks = inside.float()[:, None]
        self.images = self.masks + 0.5 * torch.randn(self.masks.shape, generator=random)

    def __len__(self):
        return len(self.masks)

    def __getitem__(self, index):
        return self.images[index], self.masks[index]


def block(before, after):
    return nn.Sequential(nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU())


class UNet(nn.Module):
    def __init__(self, in_channels: int, width: int = 4):
        super().__init__()
        self.down, self.bottom = block(in_channels, width), block(width, 2 * width)
        self.raise_ = nn.ConvTranspose2d(2 * width, width, 2, stride=2)
        self.up, self.head = block(2 * width, width), nn.Conv2d(width, 1, 1)

    def forward(self, images):
        fine = self.down(images)
        coarse = self.bottom(nn.functional.max_pool2d(fine, 2))
        return self.head(self.up(torch.cat([fine, self.raise_(coarse)], dim=1)))


class Dice(Sums):
    """Twice what both have, over what each has (Dice, 1945)."""

    def terms(self, outputs, targets):
        found = (outputs > 0).double()
        return torch.stack([(found * targets).sum(), found.sum() + targets.sum()])

    def value(self, sums):
        both, each = sums
        return 2 * both / each if each else 1.0


def train(work_dir, **more):
    Trainer(
        work_dir,
        dataset_kwargs={"dataset_name": Discs},
        load_data_kwargs={"batch_size": 4},
        model_kwargs={"model_name": UNet},
        criterion_kwargs={"criterion_name": "BCEWithLogitsLoss"},
        training_config={
            "max_epochs": 2,
            "metrics": [Dice],
            "saving_metric": "validation/Dice",
            "saving_mode": "max",
        },
        **more,
    ).fit()


if __name__ == "__main__":
    train("work_dirs/unet")
