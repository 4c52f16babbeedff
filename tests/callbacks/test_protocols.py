"""What callbacks may rely on is there: a trainer that was fitted has all of its protocol."""

import inspect

import torch
from torch.utils.data import DataLoader, TensorDataset

from stride import Callback, Trainer, TrainerLike
from stride.callbacks.protocols import RunLike
from stride.runs.writer_base import RunFiles
from stride.trainer.flow import ATTRIBUTES


def members(*protocols):
    return {
        name
        for protocol in protocols
        for name in vars(protocol)
        if not name.startswith("_") and name != "register"
    }


class Looking(Callback):
    def before_train(self, trainer):
        self.trainer = [name for name in members(TrainerLike) if hasattr(trainer, name)]
        self.run = [name for name in members(RunLike, RunFiles) if hasattr(trainer.run, name)]


def test_a_hook_finds_all_of_the_protocol_and_a_trainer_holds_nothing_else(tmp_path):
    data = DataLoader(TensorDataset(torch.ones(4, 2), torch.ones(4, 1)), batch_size=2)
    looking = Looking()
    trainer = Trainer(
        tmp_path,
        train_loader=data,
        callbacks=[looking],
        model_kwargs={"model_name": "MLP", "hidden": []},
        criterion_kwargs={"criterion_name": "MSELoss"},
        training_config={"max_epochs": 1, "metrics": []},
        logging_config={"terminal_display": "off"},
    )
    trainer.fit()
    assert {*looking.trainer} == members(TrainerLike) > {"model", "state", "log", "stop"}
    assert {*looking.run} == members(RunLike, RunFiles) > {"paths", "name", "commit_folder"}
    assert {*vars(trainer)} == {*ATTRIBUTES}  # what else there is in one is looked at as a user's


def test_trainer_takes_what_the_protocol_says():
    for name in ("log", "stop", "evaluate"):
        own, asked = (inspect.signature(getattr(one, name)) for one in (Trainer, TrainerLike))
        assert [*own.parameters] == [*asked.parameters]
