"""The MLP by Lightning: stripped bare, and as it comes."""

import time
from pathlib import Path
from typing import Any

import lightning  # type: ignore[import-not-found, unused-ignore]
from torch import Tensor, nn
from torch.optim import AdamW

from benchmarks.loops import Outcome, data_loader
from benchmarks.tasks import Task


class Module(lightning.LightningModule):  # type: ignore[misc, unused-ignore]
    """The network with its loss, as Lightning wants it."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.criterion = nn.CrossEntropyLoss()

    def training_step(self, batch: list[Tensor], number: int) -> Tensor:
        """Return the loss of a batch."""
        inputs, targets = batch
        loss: Tensor = self.criterion(self.network(inputs), targets)
        return loss

    def configure_optimizers(self) -> AdamW:
        """Return the optimiser."""
        return AdamW(self.parameters())


class LoggingModule(Module):
    """The same, with its loss logged."""

    def training_step(self, batch: list[Tensor], number: int) -> Tensor:
        """Log and return the loss of a batch."""
        loss = super().training_step(batch, number)
        self.log("loss", loss)
        return loss


class Clock(lightning.Callback):  # type: ignore[misc, unused-ignore]
    """Take the CPU time from the first epoch to the end of the last."""

    def on_train_start(self, trainer: Any, module: Any) -> None:
        """Start."""
        self._start = time.process_time()

    def on_train_end(self, trainer: Any, module: Any) -> None:
        """Stop."""
        self.seconds = time.process_time() - self._start


def bare(task: Task, folder: Path) -> Outcome:
    """Train with everything off that can be."""
    return _fit(task, Module(task.network()), Clock(), barebones=True)


def default(task: Task, folder: Path) -> Outcome:
    """Train with logger, progress bar and checkpoints, and the loss logged."""
    return _fit(task, LoggingModule(task.network()), Clock(), default_root_dir=folder)


def _fit(task: Task, module: Module, clock: Clock, **options: Any) -> Outcome:
    # barebones refuses callbacks given to the trainer, and takes them from the module.
    module.configure_callbacks = lambda: [clock]
    trainer = lightning.Trainer(accelerator="cpu", max_epochs=task.epochs, **options)
    trainer.fit(module, data_loader(task))
    return Outcome(clock.seconds, module.network)
