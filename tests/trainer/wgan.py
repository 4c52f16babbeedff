"""WGAN-GP by two optimisers, as a network with its own steps and as a loop written by hand."""

import copy

import torch
from torch import nn

from stride.callbacks.base import Callback
from stride.models.steps.step import Step

CRITIC_STEPS = 5
RATE = {"generator": 1e-3, "critic": 2e-3}


class Wgan(nn.Module):
    """A generator and a critic; five steps of the critic come before one of the generator.

    Gulrajani et al., Improved Training of Wasserstein GANs, 2017 (arXiv 1704.00028), algorithm 1.
    """

    def __init__(self, in_features: int = 64, latent: int = 4, width: int = 8):
        super().__init__()
        self.latent = latent
        self.generator = nn.Sequential(
            nn.Linear(latent, width), nn.ReLU(), nn.Linear(width, in_features)
        )
        self.critic = nn.Sequential(nn.Linear(in_features, width), nn.ReLU(), nn.Linear(width, 1))
        self.steps = 0

    def get_extra_state(self):
        return {"steps": self.steps}

    def set_extra_state(self, state):
        self.steps = state["steps"]

    def fake(self, real):
        return self.generator(torch.randn(len(real), self.latent))

    def critic_loss(self, real):
        with torch.no_grad():
            fake = self.fake(real)
        share = torch.rand(len(real), 1)
        between = (share * real + (1 - share) * fake).requires_grad_()
        (slope,) = torch.autograd.grad(self.critic(between).sum(), between, create_graph=True)
        penalty = ((slope.norm(dim=1) - 1) ** 2).mean()
        return self.critic(fake).mean() - self.critic(real).mean() + 10 * penalty

    def generator_loss(self, real):
        return -self.critic(self.fake(real)).mean()

    def training_step(self, batch):
        real = batch[0].flatten(1)
        turn = self.steps % (CRITIC_STEPS + 1)
        self.steps += 1
        name = "critic" if turn < CRITIC_STEPS else "generator"
        loss = getattr(self, f"{name}_loss")(real)
        return Step(loss, len(real), optimizer=name)

    def evaluation_step(self, batch):
        real = batch[0].flatten(1)
        return Step(-self.critic(real).mean(), len(real))


class Recorder(Callback):
    """Keep what a training begins with and what it is given."""

    def __init__(self):
        self.batches = []

    def before_train(self, trainer):
        self.network = copy.deepcopy(trainer.model.network)
        self.random = torch.get_rng_state()

    def before_step(self, trainer, batches):
        self.batches.append(batches[0][0].clone())


def by_hand(recorder):
    """Return the network that the same batches lead to in a loop of one's own."""
    torch.set_rng_state(recorder.random)
    network = recorder.network
    movers = {
        name: torch.optim.Adam(getattr(network, name).parameters(), lr=rate, fused=True)
        for name, rate in RATE.items()
    }
    decay = torch.optim.lr_scheduler.StepLR(movers["critic"], 3, gamma=0.5)
    for number, batch in enumerate(recorder.batches):
        name = "critic" if number % (CRITIC_STEPS + 1) < CRITIC_STEPS else "generator"
        movers[name].zero_grad()
        getattr(network, f"{name}_loss")(batch.flatten(1)).backward()
        movers[name].step()
        if name == "critic":
            decay.step()
    return network
