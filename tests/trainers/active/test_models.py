"""Several models in active learning: one is chosen for each round, or all are a committee."""

import pytest
import torch
from torch import nn

from stride.active.calibration.temperature import fit_temperature
from stride.errors import ConfigError
from stride.runs.files.jsonl import read_lines
from stride.trainer.starts.loaded import load_run
from stride.trainer.trainer import Trainer
from stride.trainers.active.trainer import ActiveTrainer

COMMON = {
    "device": "cpu",
    "dataset_kwargs": {"dataset_name": "digits", "subsample_rate": 0.1},
    "model_kwargs": {"model_name": "MLP", "hidden": [16], "dropout": 0.0},
    "optimizer_kwargs": {"lr": 0.01},
    "training_config": {"max_epochs": 2},
    "logging_config": {"terminal_display": "off"},
}
ACTIVE = {"strategy": "MarginSampling", "start_size": 50, "num_queries": 5, "num_rounds": 1}


def rows(made):
    return read_lines(made.run.paths.rounds)


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pretrained")
    longer = {**COMMON, "training_config": {"max_epochs": 8}}
    Trainer(folder, **{**longer, "dataset_kwargs": {"dataset_name": "digits"}}).fit()
    return folder / "0"


@pytest.mark.parametrize("rule", ["LogME", "LEEP", "NCE", "HScore", "NLEEP", "accuracy"])
@pytest.mark.parametrize("place", [0, 1])
def test_the_better_start_is_chosen(tmp_path, pretrained, rule, place):
    models = [{}, {}]
    models[place] = {"init_from": str(pretrained)}
    made = ActiveTrainer(
        tmp_path, active_config={**ACTIVE, "models": models, "model_selection": rule}, **COMMON
    )
    made.fit()
    for row in rows(made):
        assert row["chosen"] == place and row["models"][place] == max(row["models"])
    assert rule == "accuracy" or rows(made)[0]["models"] != rows(made)[1]["models"]  # asked anew
    run = load_run(made.run.paths.path)  # neither data nor the other run is needed
    assert int(run.model.chosen) == place
    assert run.evaluate("test")["test/accuracy"] == made.curve.values[-1]


def test_only_the_chosen_one_is_trained(tmp_path):
    torch.manual_seed(0)
    networks = [nn.Sequential(nn.Flatten(), nn.Linear(64, 10)) for _ in range(2)]
    nn.init.zeros_(networks[0][1].weight)
    before = [network[1].weight.clone() for network in networks]
    active = {**ACTIVE, "model_selection": "LEEP"}
    made = ActiveTrainer(tmp_path, model=networks, active_config=active, **COMMON)
    made.fit()
    chosen = rows(made)[-1]["chosen"]
    changed = [not torch.equal(n[1].weight, b) for n, b in zip(networks, before, strict=True)]
    assert changed == [chosen == 0, chosen == 1]


@pytest.mark.parametrize("strategy", ["QueryByCommittee", "EntropySampling"])
def test_a_committee_is_trained_together_and_resumed_exactly(tmp_path, strategy):
    models = [{}, {"hidden": [8]}, {"activation": "Tanh"}]

    def committee(folder, rounds):
        active = {**ACTIVE, "strategy": strategy, "models": models, "num_rounds": rounds}
        made = ActiveTrainer(folder, active_config=active, **COMMON)
        made.fit()
        return made

    whole = committee(tmp_path / "whole", 2)
    committee(tmp_path / "cut", 1)
    again = ActiveTrainer(tmp_path / "cut")
    again.fit({"active_config.num_rounds": 2}, resume=0)
    assert [row["queried"] for row in rows(again)] == [row["queried"] for row in rows(whole)]
    assert again.run.paths.weights.read_bytes() == whole.run.paths.weights.read_bytes()


def test_a_committee_needs_models_that_are_all_trained(tmp_path):
    active = {**ACTIVE, "strategy": "QueryByCommittee", "model_selection": "LogME"}
    with pytest.raises(ConfigError, match="a committee needs several models"):
        ActiveTrainer(tmp_path / "w", model=[{}, {}], active_config=active, **COMMON).fit()
    assert not (tmp_path / "w").exists()


def test_a_wrong_key_of_a_candidate_is_named(tmp_path):
    active = {**ACTIVE, "models": [{}, {"hiden": [4]}]}
    with pytest.raises(ConfigError, match=r"active_config.models\[1\].hiden.*hidden"):
        ActiveTrainer(tmp_path / "w", active_config=active, **COMMON).fit()


def test_scores_are_of_calibrated_probabilities_where_that_is_asked_for(tmp_path):
    asked = []
    for scaled in (False, True):
        active = {**ACTIVE, "strategy": "EntropySampling", "temperature_scaling": scaled}
        made = ActiveTrainer(tmp_path, active_config=active, **COMMON)
        made.fit()
        asked.append(rows(made)[0]["scores"])
    assert asked[0] != asked[1]


def test_a_temperature_is_that_of_the_validation_split(tmp_path):
    made = ActiveTrainer(tmp_path, active_config={**ACTIVE, "temperature_scaling": True}, **COMMON)
    made.check()
    expected = fit_temperature(made.model, made.data.val_loader)
    assert made.builder.kind.cycle._query_step._temperatures() == {made.model.network: expected}
    assert expected != fit_temperature(made.model, made.data.train_loader)


def test_rounds_begin_with_the_start_weights_also_after_a_resume(tmp_path, pretrained):
    """What the run started from may be gone: its start weights are in the run."""
    start = {**COMMON, "model_kwargs": {**COMMON["model_kwargs"], "init_from": str(pretrained)}}
    whole = ActiveTrainer(tmp_path / "whole", active_config={**ACTIVE, "num_rounds": 2}, **start)
    whole.fit()
    ActiveTrainer(tmp_path / "cut", active_config=ACTIVE, **start).fit()
    again = ActiveTrainer(tmp_path / "cut")
    again.fit({"active_config.num_rounds": 2}, resume=0)
    assert again.run.paths.weights.read_bytes() == whole.run.paths.weights.read_bytes()
