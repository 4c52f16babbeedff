"""SimCLR (Chen et al., 2020, arXiv 2002.05709): an encoder learns without labels, then a probe."""

import torch
from torch import nn
from torch.nn import functional

from stride import Step, Trainer

FEW = {"subsample_rate": 0.3}  # of the digits


def view(images):
    """Return images as they may look too: moved by up to a pixel, brighter or darker, noisy."""
    moved = images.roll(torch.randint(-1, 2, (2,)).tolist(), (2, 3))
    light = 0.7 + 0.6 * torch.rand(len(images), 1, 1, 1, device=images.device)
    return light * moved + 0.1 * torch.randn_like(images)


class Classifier(nn.Module):
    def __init__(self, width: int = 32):
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.BatchNorm1d(width))
        self.head = nn.Linear(width, 10)

    def forward(self, inputs):
        return self.head(self.encoder(inputs).relu())


class Contrast(nn.Module):
    def __init__(self, width: int = 32, heat: float = 0.5):
        super().__init__()
        self.encoder = Classifier(width).encoder
        self.project = nn.Linear(width, 16)
        self.heat = heat

    def training_step(self, batch):
        views = torch.cat([view(batch[0]), view(batch[0])])
        places = functional.normalize(self.project(self.encoder(views).relu()), dim=1)
        itself = torch.eye(len(views), dtype=torch.bool, device=views.device)
        alike = (places @ places.T / self.heat).masked_fill(itself, -torch.inf)
        other = torch.arange(len(views), device=views.device).roll(len(batch[0]))
        return Step(functional.cross_entropy(alike, other), len(batch[0]))


def pretrain(work_dir, **more):
    Trainer(
        work_dir,
        dataset_kwargs=FEW,
        model_kwargs={"model_name": Contrast},
        training_config={"max_epochs": 2, "metrics": []},
        **more,
    ).fit()


def probe(work_dir, **more):
    start = {"run": f"{work_dir}/0", "keys": {"encoder.": "encoder."}, "strict": False}
    Trainer(
        work_dir,
        dataset_kwargs=FEW,
        model_kwargs={"model_name": Classifier, "init_from": start, "freeze": ["encoder"]},
        training_config={"max_epochs": 2},
        **more,
    ).fit()


def tune(work_dir, **more):
    """Go on from the probe's last step, with all of the network and a smaller rate."""
    Trainer(work_dir, **more).fork(1, "last", {"freeze": [], "lr": 1e-4, "max_epochs": 4})


if __name__ == "__main__":
    for stage in (pretrain, probe, tune):
        stage("work_dirs/simclr")
