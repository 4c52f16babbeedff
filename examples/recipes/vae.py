"""A variational autoencoder (Kingma and Welling, 2013, arXiv 1312.6114)."""

import torch
from torch import nn
from torch.nn import functional

from stride import Callback, Step, Trainer


class Vae(nn.Module):
    def __init__(self, in_features: int, latent: int = 4, width: int = 32, beta: float = 0.5):
        super().__init__()
        self.latent, self.beta = latent, beta
        self.encoder = nn.Sequential(
            nn.Flatten(), nn.Linear(in_features, width), nn.ReLU(), nn.Linear(width, 2 * latent)
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent, width), nn.ReLU(), nn.Linear(width, in_features)
        )

    def training_step(self, batch):
        inputs = batch[0].flatten(1)
        mean, log_variance = self.encoder(inputs).chunk(2, dim=1)
        drawn = mean + torch.randn_like(mean) * (log_variance / 2).exp()
        size, logits = len(inputs), self.decoder(drawn)
        bce = functional.binary_cross_entropy_with_logits(logits, inputs, reduction="sum") / size
        kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum() / size
        return Step(bce + self.beta * kl, size, values={"bce": bce, "kl": kl})


class Samples(Callback):
    """Keep an image of what the decoder makes of the same draws after each epoch."""

    def after_epoch(self, trainer, metrics):
        network = trainer.model.network
        drawn = torch.randn(1, network.latent, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            image = network.decoder(drawn).sigmoid().reshape(8, 8)
        trainer.log_image("drawn", image)


def train(work_dir, **more):
    Trainer(
        work_dir,
        dataset_kwargs={"subsample_rate": 0.3},
        model_kwargs={"model_name": Vae},
        training_config={
            "max_epochs": 2,
            "metrics": [],
            "callbacks": [Samples],
            "saving_metric": "validation/bce",
            "saving_mode": "min",
        },
        **more,
    ).fit()


if __name__ == "__main__":
    train("work_dirs/vae")
