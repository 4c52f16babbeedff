"""What one training works with, how long it takes, and what it leaves when it fails."""

import os
import signal
from pathlib import Path

import pytest
import torch

from stride.callbacks.base import Callback
from stride.engine.checkpoint.named import find_checkpoint
from stride.engine.signals import Interrupted
from stride.runs.run import Run
from stride.trainer.trainer import Trainer

CONFIG = {
    "device": "cpu",
    "dataset_kwargs": {"subsample_rate": 0.05},
    "model_kwargs": {"model_name": "MLP", "hidden": [4]},
    "training_config": {"max_epochs": 3},
    "checkpoint_config": {"every_steps": 5, "keep_last": 9},
    "logging_config": {"terminal_display": "off"},
}


@pytest.mark.parametrize("size", [8, 16, 4])
def test_a_fork_with_other_batches_tells_how_many_steps_it_has(tmp_path: Path, size: int) -> None:
    """A fork goes on within an epoch that other batches have begun."""
    first = Trainer(tmp_path, load_data_kwargs={"batch_size": 8}, **CONFIG)
    first.fit(max_steps=5)
    told = []

    class Told(Trainer):
        def before_train(self) -> None:
            told.append(self.session.length())

    made = Told(tmp_path, **CONFIG)
    made.fork(0, "last", {"load_data_kwargs.batch_size": size, "training_config.max_steps": None})
    assert told[0][1] == made.state.step


class Ended(Callback):
    """Be told to end by a launcher in the middle of an epoch."""

    def after_step(self, trainer, step):
        if trainer.state.step == 6:
            os.kill(os.getpid(), signal.SIGTERM)


def test_a_signal_leaves_a_checkpoint_of_the_step_it_came_in(tmp_path: Path) -> None:
    with pytest.raises(Interrupted, match="SIGTERM"):
        Trainer(tmp_path, load_data_kwargs={"batch_size": 8}, callbacks=[Ended()], **CONFIG).fit()
    run = Run(tmp_path / "0")
    assert run.state == "interrupted"
    assert find_checkpoint(run, "last") == find_checkpoint(run, "6")


def test_gradients_are_clipped_to_the_norm_of_the_config(tmp_path: Path) -> None:
    training = {"max_steps": 1, "clip_grad_norm": 1e-3, "save_best": False}
    sgd = {"optimizer_name": "SGD", "lr": 1.0}
    made = Trainer(tmp_path, **CONFIG | {"training_config": training}, optimizer_kwargs=sgd)
    before = [parameter.detach().clone() for parameter in made.model.parameters()]
    made.fit()
    moved = [one - other for one, other in zip(made.model.parameters(), before, strict=True)]
    norm = torch.cat([one.detach().flatten() for one in moved]).norm()
    assert float(norm) == pytest.approx(1e-3, rel=1e-3)


class Signalled(Callback):
    """Be told to end by a launcher, while what has failed is written down."""

    def after_step(self, trainer, step):
        raise ValueError("broken on purpose")

    def on_exception(self, trainer, error):
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_launchers_signal_does_not_take_the_reason_away(tmp_path):
    def end(number, frame):
        raise SystemExit(143)

    before = signal.signal(signal.SIGTERM, end)
    try:
        made = Trainer(tmp_path, callbacks=[Signalled()], **CONFIG)
        with pytest.raises(SystemExit):
            made.fit()
    finally:
        signal.signal(signal.SIGTERM, before)
    status = Run(tmp_path / "0").status
    assert (status["state"], status["reason"]) == ("failed", "ValueError: broken on purpose")
