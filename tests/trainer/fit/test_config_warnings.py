"""What is hardly meant is told, and trained all the same."""

import importlib
import os
import sys

import pytest
from torch.optim.lr_scheduler import LambdaLR

from stride.trainer.fit.config_warnings import CAUTIONS, config_warnings
from stride.trainer.starts.loaded import load_run

FEW = {"training_config.max_epochs": 3}  # of 4 steps each


class Warm(LambdaLR):
    def __init__(self, optimizer, num_warmup_steps: int = 9) -> None:
        super().__init__(optimizer, lambda step: min(1.0, step / num_warmup_steps))


def schedule(name, **values):
    values = {"scheduler_name": name, **values}
    return {f"scheduler_kwargs.{key}": value for key, value in values.items()}


ODD = [
    ({"training_config.patience": 3, "training_config.early_stopping": True},
     "training_config.patience=3 and 3 evaluations: it never stops early"),
    ({"training_config.early_stopping": True},
     "training_config.patience=10 and 3 evaluations: it never stops early"),
    ({"training_config.patience": 2, "training_config.early_stopping": True}, None),
    ({"training_config.patience": 2, "training_config.early_stopping": True,
      "training_config.evaluate_every": 2},
     "training_config.patience=2 and 2 evaluations: it never stops early"),
    ({"training_config.patience": 2},
     "training_config.patience=2 without training_config.early_stopping: it does nothing"),
    ({"training_config.log_interval": 13},
     "training_config.log_interval=13 and 12 steps: no interval is reported"),
    ({"training_config.log_interval": 12}, None),
    ({"training_config.evaluate_every": 4},
     "training_config.evaluate_every=4 and 3 epochs: it is evaluated at the end alone"),
    ({"training_config.accumulate": 5},
     "training_config.accumulate=5 and 4 batches in an epoch: no step has so many"),
    ({"training_config.digest_every": 20},
     "training_config.digest_every=20 and 12 steps: no digest is written"),
    ({"training_config.use_milestones": True},
     "checkpoint_config.every_epochs=10 and 3 epochs: it is written at the end alone"),
    ({"training_config.evaluate_batches": 1, "training_config.with_validation": False},
     "training_config.evaluate_batches=1 and nothing is validated: it does nothing"),
    ({"training_config.evaluate_batches": 1}, None),
    ({"checkpoint_config.every_steps": 50, "training_config.max_epochs": 1},
     "checkpoint_config.every_steps=50 and 4 steps: it is written at the end alone"),
    ({"average_config.kind": "ema"},
     "average_config.decay=0.999 and 12 steps: most of the average are still the first weights"),
    ({"average_config.kind": "ema", "average_config.decay": 0.9}, None),
    ({"average_config.kind": "swa", "average_config.start_step": 12},
     "average_config.start_step=12 and 12 steps: nothing is averaged"),
    ({"average_config.kind": "swa", "average_config.every_steps": 13},
     "average_config.every_steps=13 and 12 steps: nothing is averaged"),
    ({"average_config.kind": "swa"}, None),
    (schedule("CosineAnnealingLR"), None),
    (schedule("CosineAnnealingLR", T_max=2),
     "scheduler_kwargs.T_max=2 and 3 epochs: the learning rate rises again after it"),
    (schedule("CosineAnnealingLR", T_max=20, interval="step"),
     "scheduler_kwargs.T_max=20 and 12 steps: the training ends before the schedule does"),
    (schedule("CosineAnnealingLR", T_max=12, interval="step"), None),
    (schedule("CosineAnnealingWarmRestarts", T_0=4),
     "scheduler_kwargs.T_0=4 and 3 epochs: the training ends before the schedule does"),
    (schedule("torch.optim.lr_scheduler:StepLR", step_size=3),
     "scheduler_kwargs.step_size=3 and 3 epochs: the learning rate never changes"),
    (schedule("MultiStepLR", milestones=[1, 5]),
     "scheduler_kwargs.milestones=[1, 5] and 3 epochs: the last is never reached"),
    (schedule("LinearLR"),
     "scheduler_kwargs.total_iters=5 and 3 epochs: the warm-up is longer than the training"),
    (schedule("ConstantLR", total_iters=3), None),
    (schedule("PolynomialLR", total_iters=1),
     "scheduler_kwargs.total_iters=1 and 3 epochs: the learning rate is 0 after it"),
    (schedule("OneCycleLR", max_lr=0.1), None),
    (schedule("OneCycleLR", max_lr=0.1, total_steps=15),
     "scheduler_kwargs.total_steps=15 and 12 steps: the training ends before the schedule does"),
    (schedule("CyclicLR", base_lr=0.1, max_lr=0.2, cycle_momentum=False),
     "scheduler_kwargs.step_size_up=2000 and 12 steps: the training ends before the schedule does"),
    (schedule("HyperbolicLR", upper_bound=9), None),
    (schedule("HyperbolicLR", upper_bound=9, max_iter=2),
     "scheduler_kwargs.max_iter=2 and 3 epochs: the learning rate stays as it is after it"),
    (schedule("ExpHyperbolicLR", upper_bound=9, max_iter=8),
     "scheduler_kwargs.max_iter=8 and 3 epochs: the training ends before the schedule does"),
    (schedule("ReduceLROnPlateau"),
     "scheduler_kwargs.patience=10 and 3 epochs: the learning rate never changes"),
    (schedule(f"{__name__}:Warm", num_warmup_steps=30, interval="step"),
     "scheduler_kwargs.num_warmup_steps=30 and 12 steps: the warm-up is longer than the training"),
]  # fmt: skip


@pytest.mark.parametrize(("overrides", "line"), ODD)
def test_what_is_hardly_meant_is_told(make, overrides, line):
    built = make(overrides=FEW | {"training_config.log_interval": 2} | overrides)
    assert config_warnings(built.comprehend_config()) == ([line] if line else [])


def test_each_row_names_a_key_that_somebody_may_set():
    assert len({(row.key, row.is_odd, row.where) for row in CAUTIONS}) == len(CAUTIONS)


def test_it_is_in_the_log_on_the_terminal_and_in_a_check_and_trains(make, capsys, caplog):
    trainer = make(
        overrides=FEW | schedule("CosineAnnealingLR", T_max=1),
        logging_config={"terminal_display": "minimal"},
    )
    line = "scheduler_kwargs.T_max=1 and 3 epochs: the learning rate rises again after it"
    trainer.check()
    assert line in [one.getMessage() for one in caplog.records]
    trainer.fit()
    assert f"warning: {line}" in capsys.readouterr().err
    assert line in trainer.run.paths.log(0).read_text()
    _, again = load_run(trainer.run.paths.path).assemble()
    assert config_warnings(again) == [line]  # what the run had by default was not chosen now either


def test_a_secret_is_told_of_and_is_in_config_json_alone(make, caplog):
    key, value = "logging_config.wandb_kwargs.api_key", os.urandom(8).hex()  # in no code.patch
    trainer = make()
    trainer.fit({key: value, "training_config.max_epochs": 1})
    (told,) = [one for one in caplog.messages if key in one]
    assert told.startswith(f"{key} is written into config.json as it is")
    assert "read an environment variable" in told
    trainer.fit({key: f"{value} too", "training_config.max_epochs": 2}, resume="latest")
    paths = trainer.run.paths
    trainer.fork(0, "last", {key: f"{value} again", "training_config.max_epochs": 3})
    assert f"changed: {key} it is another" in trainer.run.paths.log(0).read_text()
    files = [one for one in paths.path.parent.rglob("*") if one.is_file()]
    found = {one for one in files if value.encode() in one.read_bytes()}
    assert found == {paths.config, trainer.run.paths.config}
    assert f"{key}=***" in paths.provenance.read_text()


def test_a_class_whose_file_was_edited_since_its_import_is_told(make, tmp_path, monkeypatch):
    text = "from torch import nn\n\nclass Net(nn.Flatten):\n    def more(self):\n        return 1\n"
    (tmp_path / "edited_net.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, "edited_net", importlib.import_module("edited_net"))
    trainer = make()
    trainer.set_model(sys.modules["edited_net"].Net())
    assert config_warnings(trainer.comprehend_config()) == []
    (tmp_path / "edited_net.py").write_text(text.replace("return 1", "return 2"))
    (line,) = config_warnings(trainer.comprehend_config())
    assert line.startswith(f"{tmp_path / 'edited_net.py'} was edited after Net (network) was")
