"""A Trainer that is done in a moment."""

import pytest

from stride.trainer.trainer import Trainer


@pytest.fixture
def make(tmp_path):
    """Return a function that makes a Trainer on a few digits; keyword arguments as a Trainer's."""

    def make_trainer(**arguments):
        sections = {
            "dataset_kwargs": {"subsample_rate": 0.2},
            "model_kwargs": {"model_name": "MLP", "hidden": [16]},
            "training_config": {"max_epochs": 2, "log_interval": 2},
            "logging_config": {"terminal_display": "off"},
        }
        for name, values in sections.items():
            arguments[name] = values | dict(arguments.get(name) or {})
        return arguments.pop("kind", Trainer)(
            arguments.pop("work_dir", tmp_path / "w"), **arguments
        )

    return make_trainer
