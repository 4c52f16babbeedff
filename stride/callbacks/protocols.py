"""Type what a callback may touch of the trainer that calls it, and of its run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor
from torch.optim import Optimizer

from stride.config.schema import Config
from stride.data import Data
from stride.engine.hooks import Hooks
from stride.engine.state import TrainState
from stride.metrics.choice import MetricSpec
from stride.models.model import Model
from stride.runs.writer_base import RunFiles


class RunLike(RunFiles, Protocol):
    """The run of a training under way: its name, files and weights."""

    @property
    def name(self) -> str:
        """Return the run's number or name."""

    def note(self, text: str) -> None:
        """Show a line to the person and write it to the text log."""

    def write_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Write weights.safetensors and note its digest."""


class TrainerLike(Protocol):
    """The first argument of every hook: a `stride.Trainer`, as far as callbacks may rely on it.

    Annotate hooks with it, not with `Trainer`: a hook has to take whatever trainer calls it.
    """

    @property
    def config(self) -> Config:
        """Return the config, complete."""

    @property
    def data(self) -> Data:
        """Return the loaders of all splits, and what is known of the data."""

    @property
    def model(self) -> Model:
        """Return the network and criterion, on the device."""

    @property
    def optimizer(self) -> Optimizer:
        """Return the optimiser, whose `param_groups` may be changed."""

    @property
    def optimizers(self) -> Mapping[str, Optimizer]:
        """Return the optimisers by name, "" of a single one."""

    @property
    def state(self) -> TrainState:
        """Return step, epoch and position of the training."""

    @property
    def metrics(self) -> Mapping[str, float]:
        """Return the latest value of each metric."""

    @property
    def results(self) -> Mapping[str, object]:
        """Return the content of results.json; empty until the training has come to its end."""

    @property
    def run(self) -> RunLike:
        """Return the run under way, from `before_train` on."""

    @property
    def hooks(self) -> Hooks:
        """Return the hooks of the trainer and its callbacks."""

    def log(self, name: str, value: float | Tensor) -> None:
        """Record a number, or a tensor of one, under the current step."""

    def log_image(self, name: str, value: Any) -> None:
        """Keep an image of the current step: uint8, or floating numbers from 0 to 1."""

    def log_text(self, name: str, text: str, *, markdown: bool = False) -> None:
        """Keep a text of the current step."""

    def log_figure(self, name: str, figure: Any) -> None:
        """Keep a matplotlib figure of the current step, as a picture."""

    def log_histogram(self, name: str, values: Any, *, bins: int = 64) -> None:
        """Keep how often values of the current step lie where."""

    @property
    def folder(self) -> Path:
        """Return the run's folder for files of your own, from `before_train` on."""

    def stop(self, reason: str, *, status: str = "stopped") -> None:
        """End the training after the current step; the run's status says why."""

    def evaluate(
        self, split: str = "test", metrics: Sequence[MetricSpec] | None = None
    ) -> dict[str, float]:
        """Return loss and metrics of the model over a whole split: train, validation or test."""
