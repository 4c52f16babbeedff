"""A physics-informed network (Raissi et al., 2017, arXiv 1711.10561): Adam, then LBFGS."""

import torch
from torch import nn
from torch.utils.data import Dataset

from stride import Step, Trainer


class Points(Dataset):
    """Points (x, t) of the unit square, a third of them at its edges."""

    def __init__(self, split: str, samples: int = 96):
        random = torch.Generator().manual_seed({"train": 0, "val": 1, "test": 2}[split])
        self.points = torch.rand(samples, 2, generator=random)
        self.points[0::6, 0], self.points[1::6, 0], self.points[2::6, 1] = 0.0, 1.0, 0.0

    def __len__(self):
        return len(self.points)

    def __getitem__(self, index):
        return self.points[index]


class Heat(nn.Module):
    """Heat on a rod: u_t = 0.1 u_xx, u = sin(pi x) at first and 0 at both ends."""

    evaluation_needs_gradients = True

    def __init__(self, width: int = 16):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1)
        )

    def forward(self, points):
        return self.layers(points).squeeze(1)

    def training_step(self, points):
        points = points.detach().requires_grad_()
        u = self(points)
        u_x, u_t = slope(u, points).unbind(1)
        u_xx = slope(u_x, points)[:, 0]
        x, t = points.unbind(1)
        at_edge = (x == 0) | (x == 1) | (t == 0)
        wanted = torch.where(t == 0, torch.sin(torch.pi * x), 0.0)
        equation = ((u_t - 0.1 * u_xx) ** 2).mean()
        edge = ((u - wanted)[at_edge] ** 2).mean()
        return Step(equation + edge, len(points), values={"equation": equation, "edge": edge})


def slope(values, points):
    return torch.autograd.grad(values.sum(), points, create_graph=True)[0]


def adam(work_dir, **more):
    Trainer(
        work_dir,
        dataset_kwargs={"dataset_name": Points},
        load_data_kwargs={"batch_size": 16},
        model_kwargs={"model_name": Heat},
        optimizer_kwargs={"optimizer_name": "Adam", "lr": 1e-2},
        training_config={"max_epochs": 2, "metrics": []},
        **more,
    ).fit()


def lbfgs(work_dir, **more):
    """Go on from Adam's last step, each step on all points."""
    second_order = {"optimizer_name": "LBFGS", "max_iter": 5, "line_search_fn": "strong_wolfe"}
    changes = {
        "optimizer_kwargs": second_order,
        "load_data_kwargs.batch_size": 96,
        "training_config.max_epochs": 10,
    }
    Trainer(work_dir, **more).fork(0, "last", changes)


if __name__ == "__main__":
    adam("work_dirs/pinn")
    lbfgs("work_dirs/pinn")
