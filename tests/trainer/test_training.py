"""What one training works with, and how long it takes."""

from pathlib import Path

import pytest

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
            told.append(self._training.length())

    made = Told(tmp_path, **CONFIG)
    made.fork(0, "last", {"load_data_kwargs.batch_size": size, "training_config.max_steps": None})
    assert told[0][1] == made.state.step
