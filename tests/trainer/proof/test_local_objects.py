"""What only this process has, and where it cannot be forked for it."""

import pytest
import torch
from torch import nn

from stride.callbacks.base import Callback
from stride.errors import DataError, UserError
from stride.trainer.proof.local_objects import local_objects
from stride.trainer.proof.processes import ForkedProcess, Starter
from stride.trainer.trainer import Trainer
from stride.trainers.active.trainer import ActiveTrainer


class Own(Trainer):
    pass


def objects(trainer):
    return list(local_objects(trainer))


def test_a_config_alone_has_none(tmp_path):
    assert objects(Trainer(tmp_path, model_kwargs={"model_name": nn.Identity})) == []
    assert objects(ActiveTrainer(tmp_path)) == []


def test_what_was_given_from_python_is_named(tmp_path):
    trainer = Own(tmp_path, callbacks=[Callback()], train_loader=[torch.ones(2, 3)])
    trainer.set_model(nn.Linear(3, 3))
    assert objects(trainer) == ["the model", "train_loader", "callbacks", "the class Own"]


def test_classes_of_a_script_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr("__main__.Own", Own, raising=False)
    config = {
        "model_kwargs": {"model_name": "__main__:Net"},
        "training_config": {"callbacks": ["my_pkg:Fine", "__main__:Mine"]},
    }
    names = ["model_kwargs.model_name", "training_config.callbacks"]
    assert objects(Trainer(tmp_path, **config)) == names
    assert objects(Trainer(tmp_path, trainer="__main__:Own")) == ["the class Own", "trainer"]


def test_an_accelerator_is_refused_and_the_reason_told(tmp_path, monkeypatch):
    trainer = Trainer(tmp_path, callbacks=[Callback()], device="cpu")
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    with pytest.raises(UserError, match=r"\(callbacks\).* cannot be forked: it uses CUDA already"):
        trainer.check(resume=True)


def test_what_torch_says_of_forks_after_gradients_is_said_in_plain_words(monkeypatch):
    words = "Unable to handle autograd's threading in combination with fork-based multiprocessing"

    def look(self):
        raise DataError(f"the model does not fit the data: {words}")

    monkeypatch.setattr(Starter, "look", look)
    with pytest.raises(UserError, match="cannot be forked any more"):
        ForkedProcess.look(object.__new__(ForkedProcess))
