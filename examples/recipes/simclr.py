"""SimCLR (Chen et al., 2020, arXiv 2002.05709): an encoder learns without labels, then a probe."""

import torch
from torch import nn
from torch.nn import functional

from stride import Step, Trainer

FEW = {"subsample_rate": 0.3}  # of the digits


def two_views(image):
    """Return an image twice, each moved by up to a pixel and with noise of its own."""
    moved = (image.roll(torch.randint(-1, 2, (2,)).tolist(), (1, 2)) for _ in range(2))
    return torch.stack([view + 0.1 * torch.randn_like(view) for view in moved])


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
        views = batch[0].transpose(0, 1).flatten(0, 1)  # (N, 2, ...) -> (2N, ...)
        places = functional.normalize(self.project(self.encoder(views).relu()), dim=1)
        alike = places @ places.T / self.heat
        alike = alike.masked_fill(torch.eye(len(places), dtype=torch.bool), -torch.inf)
        other = torch.arange(len(places)).roll(len(places) // 2)  # the same image's other view
        return Step(functional.cross_entropy(alike, other), len(places) // 2)


def pretrain(work_dir, **more):
    Trainer(
        work_dir,
        dataset_kwargs={**FEW, "transform": two_views},
        model_kwargs={"model_name": Contrast},
        training_config={"max_epochs": 2, "with_validation": False, "metrics": []},
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
