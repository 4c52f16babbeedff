"""Numbers of a whole run that must not depend on how the work was cut."""

import pytest
import torch
from torch import nn

from stride import Step, Trainer

QUIET = {"terminal_display": "off"}


class Tokens(nn.Module):
    """A language model whose loss is the mean over the tokens of sequences of several lengths."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embed, self.out = nn.Embedding(50, 8), nn.Linear(8, 1)

    def training_step(self, batch):
        scores = self.out(self.embed(batch["ids"]))[..., 0] - batch["labels"][:, None]
        return Step(
            (scores**2 * batch["mask"]).sum() / batch["mask"].sum(), int(batch["mask"].sum())
        )


def part(length, seed, width=20):
    made = torch.Generator().manual_seed(seed)
    ids = torch.randint(0, 50, (16, width), generator=made)
    mask = (torch.arange(width) < length).float().expand(16, width)
    return {"ids": ids, "mask": mask, "labels": torch.randn(16, generator=made)}


def test_accumulated_batches_have_the_gradient_of_the_whole(tmp_path):
    one, other = part(2, 0), part(20, 1)
    whole = {key: torch.cat([one[key], other[key]]) for key in one}
    weights, losses = [], []
    for loader, accumulate in (([one, other], 2), ([whole], 1)):
        trainer = Trainer(
            tmp_path / "work",
            train_loader=loader,
            device="cpu",
            optimizer_kwargs={"optimizer_name": "SGD", "lr": 1.0},
            training_config={"accumulate": accumulate, "max_steps": 1, "metrics": []},
            logging_config=QUIET,
        )
        trainer.set_model(network := Tokens())
        trainer.fit()
        weights.append(network.out.weight.detach().clone())
        losses.append(trainer.results["last"]["train/epoch_loss"])
    torch.testing.assert_close(*weights)
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def weighted(folder, size):
    """Train one epoch of few steps on few labels of class 1; return what was recorded."""
    rows = folder / "rows.csv"
    trainer = Trainer(
        folder / "work",
        device="cpu",
        dataset_kwargs={"dataset_name": "table", "path": rows, "target": "y"},
        load_data_kwargs={"global_batch_size": 50, "val_loader_kwargs": {"batch_size": size}},
        model_kwargs={"dropout": 0.0},
        criterion_kwargs={"criterion_name": "CrossEntropyLoss", "weight": [1, 10]},
        training_config={"max_steps": 2},
        logging_config=QUIET,
    )
    trainer.fit()
    return trainer.results["last"] | trainer.results["test"]


@pytest.mark.ddp
def test_a_weighted_loss_depends_neither_on_batches_nor_on_processes(tmp_path, ranks):
    made = torch.Generator().manual_seed(0)
    points = torch.randn(200, 2, generator=made)
    labels = (torch.rand(200, generator=made) < 0.08).long()
    lines = [
        f"{a:.3f},{b:.3f},{y}" for (a, b), y in zip(points.tolist(), labels.tolist(), strict=True)
    ]
    (tmp_path / "rows.csv").write_text("\n".join(["a,b,y", *lines]) + "\n")
    expected = weighted(tmp_path, 64)
    results = [weighted(tmp_path, 1), *ranks(2, weighted, tmp_path, 8)]
    for result in results:
        for name in ("train/epoch_loss", "validation/epoch_loss", "test/loss"):
            assert result[name] == pytest.approx(expected[name], rel=1e-6), name
