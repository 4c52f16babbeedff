"""Triplets: a network puts samples of one class near each other and those of others away."""

import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import Dataset

from stride import Step, Trainer

CLASSES = 4


class Triplets(Dataset):
    """Points round the centres of classes: an anchor, one of its class and one of another.

    The two that go with an anchor are drawn when it is asked for: again in each epoch.
    """

    def __init__(self, split: str, samples: int = 56):
        random = torch.Generator().manual_seed({"train": 0, "val": 1, "test": 2}[split])
        self.classes = torch.arange(samples) % CLASSES
        centres = torch.eye(CLASSES).repeat(1, 2)
        self.points = centres[self.classes] + 0.6 * torch.randn(samples, 8, generator=random)

    def __len__(self):
        return len(self.points)

    def one(self, where):
        among = where.nonzero().flatten()
        return self.points[among[torch.randint(len(among), ())]]

    def __getitem__(self, index):
        alike = self.classes == self.classes[index]
        return self.points[index], self.one(alike), self.one(~alike)


class Embedding(nn.Module):
    def __init__(self, width: int = 16, margin: float = 0.5):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(8, width), nn.ReLU(), nn.Linear(width, 2))
        self.margin = margin

    def forward(self, inputs):
        return functional.normalize(self.layers(inputs), dim=1)

    def training_step(self, batch):
        anchor, alike, other = (self(part) for part in batch)
        near, far = (anchor - alike).norm(dim=1), (anchor - other).norm(dim=1)
        right = (near < far).float().mean()
        loss = functional.relu(near - far + self.margin).mean()
        return Step(loss, len(anchor), values={"right": right})


def train(work_dir, **more):
    Trainer(
        work_dir,
        dataset_kwargs={"dataset_name": Triplets},
        load_data_kwargs={"batch_size": 8},
        model_kwargs={"model_name": Embedding},
        training_config={
            "max_epochs": 2,
            "metrics": [],
            "saving_metric": "validation/right",
            "saving_mode": "max",
        },
        **more,
    ).fit()


if __name__ == "__main__":
    train("work_dirs/triplets")
