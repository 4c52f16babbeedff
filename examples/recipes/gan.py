"""A WGAN-GP (Gulrajani et al., 2017, arXiv 1704.00028): the critic has five turns of six."""

import torch
from torch import nn

from stride import Step, Trainer


class Wgan(nn.Module):
    def __init__(self, in_features: int, latent: int = 8, width: int = 32):
        super().__init__()
        self.latent, self.steps = latent, 0
        self.generator = nn.Sequential(
            nn.Linear(latent, width), nn.ReLU(), nn.Linear(width, in_features)
        )
        self.critic = nn.Sequential(nn.Linear(in_features, width), nn.ReLU(), nn.Linear(width, 1))

    # What says whose turn it is belongs to the state: a resumed training goes on with it.
    def get_extra_state(self):
        return {"steps": self.steps}

    def set_extra_state(self, state):
        self.steps = state["steps"]

    def draw(self, real):
        return self.generator(torch.randn(len(real), self.latent, device=real.device))

    def critic_loss(self, real):
        with torch.no_grad():
            fake = self.draw(real)
        share = torch.rand(len(real), 1, device=real.device)
        between = (share * real + (1 - share) * fake).requires_grad_()
        (slope,) = torch.autograd.grad(self.critic(between).sum(), between, create_graph=True)
        penalty = ((slope.norm(dim=1) - 1) ** 2).mean()
        distance = self.critic(real).mean() - self.critic(fake).mean()
        return 10 * penalty - distance, {"penalty": penalty, "distance": distance}

    def generator_loss(self, real):
        return -self.critic(self.draw(real)).mean(), {}

    def training_step(self, batch):
        real, name = batch[0].flatten(1), "generator" if self.steps % 6 == 5 else "critic"
        self.steps += 1
        loss, values = getattr(self, f"{name}_loss")(real)
        return Step(loss, len(real), values=values, optimizer=name)

    def evaluation_step(self, batch):
        real = batch[0].flatten(1)
        distance = self.critic(real).mean() - self.critic(self.draw(real)).mean()
        return Step(-distance, len(real), values={"distance": distance})


def train(work_dir, **more):
    adam = {"optimizer_name": "Adam", "lr": 1e-3, "betas": [0.5, 0.9]}
    halve = {"scheduler_name": "StepLR", "interval": "step", "step_size": 20, "gamma": 0.5}
    Trainer(
        work_dir,
        dataset_kwargs={"subsample_rate": 0.4},  # of the digits
        model_kwargs={"model_name": Wgan},
        optimizers={
            "generator": {**adam, "match": "generator.*"},
            "critic": {**adam, "match": "critic.*", "scheduler_kwargs": halve},
        },
        training_config={"max_epochs": 2, "metrics": []},
        **more,
    ).fit()


if __name__ == "__main__":
    train("work_dirs/gan")
