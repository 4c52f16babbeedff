"""An evaluation that draws has numbers of its own: the training goes on as if there were none."""

import json
import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from stride.runs.run import Run
from stride.trainer.fit.run_start import NewRun
from stride.trainer.trainer import Trainer
from tests.integration.same_runs import problems_of
from tests.trainer.killing import Killed, Killer


class Noisy(nn.Module):
    """Draw in each step, of evaluations too, from all three generators."""

    def __init__(self, in_features: int, num_classes: int) -> None:
        super().__init__()
        self.layer = nn.Linear(in_features, num_classes)

    def training_step(self, batch):
        inputs = batch[0].flatten(1)
        noise = torch.randn_like(inputs) + random.random() + np.random.standard_normal()
        return nn.functional.cross_entropy(self.layer(inputs + noise), batch[1])


OFTEN, SELDOM = {"evaluate_every_steps": 1}, {"evaluate_every": 2}


def trainer(folder, *callbacks, **training):
    return Trainer(
        folder,
        callbacks=[*callbacks],
        dataset_kwargs={"subsample_rate": 0.2},
        load_data_kwargs={"batch_size": 64},
        model_kwargs={"model_name": Noisy},
        training_config={"max_epochs": 2, "log_interval": 50, **training},
        checkpoint_config={"every_steps": 3, "background": False, "keep_best": 0},
        logging_config={"loggers": ["csv"], "terminal_display": "off"},
    )


def fitted(folder, **training):
    (made := trainer(folder, **training)).fit()
    return made


def losses(made):
    name = "validation/epoch_loss"
    return {row["step"]: row[name] for row in made.run.metrics() if name in row}


def test_more_evaluations_change_nothing_of_the_training(tmp_path):
    often, seldom = fitted(tmp_path / "often", **OFTEN), fitted(tmp_path / "seldom", **SELDOM)
    weights = [made.model.state_dict() for made in (often, seldom)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert len(losses(often)) == 8 and losses(seldom).items() <= losses(often).items()
    assert often.results["test"] == seldom.results["test"]
    assert often.run.provenance["evaluation_draws"] == "own"


def test_a_loader_that_shuffles_what_is_evaluated_does_not_move_the_order_of_training(tmp_path):
    data = TensorDataset(torch.arange(24.0)[:, None], torch.arange(24.0)[:, None])
    weights = []
    for training in (OFTEN, SELDOM):
        given = {f"{split}_loader": DataLoader(data, 4, shuffle=True) for split in ("train", "val")}
        ended = {"max_epochs": 2, "save_best": False, **training}
        made = Trainer(tmp_path / str(training), **given, training_config=ended, device="cpu")
        made.set_model(nn.Linear(1, 1, bias=False))
        nn.init.zeros_(made.model.network.weight)
        made.fit()
        weights.append(made.model.network.weight.item())
    assert weights[0] == weights[1]


@pytest.mark.parametrize("rule", ["own", ""])
def test_a_run_is_resumed_reproduced_and_forked_by_the_rule_that_it_began_by(
    tmp_path, monkeypatch, rule
):
    """Without a rule, as runs were before there was one, evaluations draw from the steps' own."""
    with monkeypatch.context() as before:
        before.setitem(NewRun.__init__.__kwdefaults__, "evaluation_draws", rule)
        whole = fitted(tmp_path / "whole", **OFTEN)
        with pytest.raises(Killed):
            trainer(tmp_path / "killed", Killer(5), **OFTEN).fit()
    for name in ("whole", "killed"):
        path = Run(tmp_path / name / "0").paths.provenance
        told = json.loads(path.read_text())
        assert told["evaluation_draws"] == rule
        if not rule:
            path.write_text(json.dumps({k: v for k, v in told.items() if k != "evaluation_draws"}))
    (resumed := trainer(tmp_path / "killed", **OFTEN)).fit(resume=0)
    assert problems_of(resumed.run.paths.path, whole.run.paths.path) == []
    own = losses(fitted(tmp_path / "own", **OFTEN))
    assert (losses(resumed) == own) is bool(rule)
    assert (again := trainer(tmp_path / "whole")).reproduce(0).identical
    assert again.run.provenance["evaluation_draws"] == rule
    (forked := trainer(tmp_path / "killed")).fork(0, "last", {"max_epochs": 3})
    assert forked.run.provenance["evaluation_draws"] == rule
