"""A run trains a part of its network, and the rest has the same bits at its end."""

import pytest
import torch

from stride.errors import ConfigError, RunError
from stride.models.weights import read_weights
from stride.runs.run import Run
from stride.trainer.starts.loaded import load_run
from tests.trainer.killing import Killed, Killer
from tests.trainer.networks import TWO_PARTS, TwoParts

FROZEN = {**TWO_PARTS, "freeze": ["encoder"]}
OFTEN = {"every_steps": 3, "background": False}


def encoder(run):
    weights = read_weights(run.paths.weights)
    return {name: value for name, value in weights.items() if name.startswith("encoder.")}


def test_a_killed_run_of_which_a_part_is_frozen_is_resumed_and_reproduced(make, tmp_path):
    whole = make(work_dir=tmp_path / "whole", model_kwargs=FROZEN, checkpoint_config=OFTEN)
    drawn = {name: value.clone() for name, value in whole.model.network.state_dict().items()}
    whole.fit()
    assert [p.shape for g in whole.optimizer.param_groups for p in g["params"]] == [(10, 8), (10,)]
    run = Run(whole.run.path)
    assert all(torch.equal(drawn[name], value) for name, value in encoder(run).items())
    assert not torch.equal(drawn["head.weight"], read_weights(run.paths.weights)["head.weight"])
    with pytest.raises(Killed):
        make(callbacks=[Killer(5)], model_kwargs=FROZEN, checkpoint_config=OFTEN).fit()
    make().fit(resume=0)
    resumed = Run(tmp_path / "w" / "0")
    assert resumed.segments[1]["from_step"] == 3  # inside of an epoch, whose modes are put back
    assert resumed.paths.weights.read_bytes() == run.paths.weights.read_bytes()
    assert make().reproduce(0).identical
    assert load_run(run.path).evaluate() == whole.evaluate()


def test_a_fork_may_thaw_what_was_frozen_and_a_resume_may_not(make):
    trainer = make(model_kwargs=FROZEN)
    trainer.fit()
    run = Run(trainer.run.path)
    longer = {"training_config.max_epochs": 3, "model_kwargs.freeze": []}
    with pytest.raises(RunError, match=r"model_kwargs\.freeze was \['encoder'\] and is \[\]"):
        make().fit(longer, resume=0)
    (fork := make()).fork(0, "last", longer)
    assert "starts over: modules, optimizer" in Run(fork.run.path).log()
    assert not torch.equal(encoder(run)["encoder.1.weight"], encoder(fork.run)["encoder.1.weight"])


def test_a_model_given_from_python_is_frozen_too(make):
    trainer = make(model_kwargs={"freeze": ["enc*"]})
    trainer.set_model(given := TwoParts(8))
    before = given.encoder[1].weight.clone()
    trainer.fit(max_steps=2)
    assert torch.equal(given.encoder[1].weight.cpu(), before)
    assert trainer.config.model_kwargs.freeze == ["enc*"]


def test_a_wrong_pattern_is_refused_before_there_is_a_folder(make, tmp_path):
    with pytest.raises(ConfigError, match=r"model_kwargs\.freeze: 'encodr'.*'encoder'"):
        make(model_kwargs={**TWO_PARTS, "freeze": ["encodr"]}).fit()
    with pytest.raises(ConfigError, match=r"nothing to train"):
        make(model_kwargs={**TWO_PARTS, "freeze": ["*"]}).fit()
    assert not (tmp_path / "w").exists()
