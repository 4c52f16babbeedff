"""Tiny reconstructions whose validation loss rises now and then."""

import csv
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from stride.callbacks.base import Callback
from stride.runs.records.reconstruction import ReconstructionRecord
from stride.trainers.reconstruction.trainer import ReconstructionTrainer

SMALL: dict[str, Any] = {
    "device": "cpu",
    "dataset_kwargs": {
        "dataset_name": "sines",
        "num_train": 48,
        "num_val": 12,
        "num_test": 20,
        "length": 16,
        "anomaly_length": 6,
        "channels": 2,
        "anomaly_rate": 0.0,
    },
    "load_data_kwargs": {"batch_size": 16},
    "model_kwargs": {"model_name": "FeedForwardAE", "hidden": [8, 3]},
    "optimizer_kwargs": {"lr": 0.1},
    "training_config": {"max_epochs": 6},
    "reconstruction_config": {"milestone_every": 4, "examples": 2},
    "logging_config": {"terminal_display": "off"},
}
"""All is normal; three steps an epoch; the rate is so high that some epochs make the loss worse."""


ANOMALIES = {"anomaly_rate": 0.5}
"""Of `dataset_kwargs`; without them nothing is detected, and a training is over at once."""


def made(
    folder: Path, callbacks: Any = (), model: Any = None, **config: Any
) -> ReconstructionTrainer:
    """Return the trainer of `SMALL`, in which sections are merged with those given."""
    merged = {name: _merged(SMALL.get(name), one) for name, one in config.items()}
    trainer = ReconstructionTrainer(folder, callbacks=callbacks, **SMALL | merged)
    if model is not None:
        trainer.set_model(model)
    return trainer


def _merged(usual: Any, given: Any) -> Any:
    """Return the keys of both; those given alone where they name another constructor."""
    both = isinstance(usual, dict) and not any(key.endswith("_name") for key in given)
    return usual | given if both else given


def fitted(folder: Path, callbacks: Any = (), **config: Any) -> ReconstructionTrainer:
    """Train to the end."""
    trainer = made(folder, callbacks, **config)
    trainer.fit()
    return trainer


def rows_of(trainer: ReconstructionTrainer) -> list[dict[str, str]]:
    """Return the rows of errors.csv."""
    with trainer.run.paths.errors_csv.open() as file:
        return list(csv.DictReader(file))


def record_of(trainer: ReconstructionTrainer) -> ReconstructionRecord:
    """Return reconstruction.json."""
    return ReconstructionRecord.read(trainer.run.paths.reconstruction)


def tensors(path: Path) -> dict[str, Any]:
    """Return the tensors of a file."""
    return load_file(path)


class Losses(Callback):
    """Note the validation loss of each epoch, and the weights with which it begins."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.begun: list[Any] = []

    def before_epoch(self, trainer: Any) -> None:
        self.begun.append({k: v.clone() for k, v in trainer.model.state_dict().items()})

    def after_epoch(self, trainer: Any, metrics: dict[str, float]) -> None:
        self.losses.append(metrics["validation/epoch_loss"])
