"""A tiny training that has something of everything, for processes that are killed on purpose."""

import mmap
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset

from stride.callbacks.base import Callback
from stride.runs.process import process_start
from stride.trainer.flow import fit
from stride.trainer.starts.resume import ResumedRun
from stride.trainer.trainer import Trainer
from stride.trainers.active.trainer import ActiveTrainer
from tests.integration.system_calls import Deadly, dying_at

HERE = "tests.integration.everything"
WHERE = mmap.mmap(-1, 16)  # shared with the processes that are forked

CONFIG: dict[str, Any] = {
    "dataset_kwargs": {"dataset_name": f"{HERE}:Points", "normalize": "standard"},
    "load_data_kwargs": {"batch_size": 4},
    "model_kwargs": {"model_name": f"{HERE}:Net", "dropout": 0.3},
    "optimizer_kwargs": {"optimizer_name": "AdamW", "lr": 0.05},
    "scheduler_kwargs": {"scheduler_name": "ReduceLROnPlateau", "patience": 0, "threshold": 0.5},
    "training_config": {
        "max_epochs": 4,
        "log_interval": 2,
        "accumulate": 2,
        "clip_grad_norm": 0.5,
        "digest_every": 3,
        "early_stopping": True,
        "patience": 6,
        "min_delta": 9.0,
        "saving_metric": "mine/worth",
        "saving_mode": "max",
        "callbacks": [f"{HERE}:Averaged", f"{HERE}:Judge"],
    },
    "checkpoint_config": {"every_steps": 3, "every_epochs": 1, "keep_last": 2, "keep_best": 1},
    "logging_config": {"terminal_display": "off", "loggers": ["csv"]},
}


def at(place: str) -> None:
    """Note where the training is."""
    WHERE[:] = place.encode().ljust(16)


def where() -> str:
    """Return where the training was seen last."""
    return WHERE[:].decode().strip()


class Points(Dataset[tuple[torch.Tensor, int]]):
    """Points of three numbers in two classes, moved at random each time."""

    classes = ("below", "above")
    sizes: ClassVar = {"train": 34, "val": 12, "test": 8}

    def __init__(self, split: str) -> None:
        drawn = torch.Generator().manual_seed(len(split))
        self.x = torch.randn(self.sizes[split], 3, generator=drawn)
        self.y = (self.x.sum(1) > 0).long()

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        noise = 0.1 * torch.rand(3) + random.random() + float(np.random.rand())
        return self.x[i] + noise, int(self.y[i])


class Net(nn.Module):
    """A network with dropout and batch norm."""

    def __init__(self, in_features: int = 3, dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(in_features, 5),
            nn.BatchNorm1d(5),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(5, 2),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if where() != "end":
            at("step" if self.training else "evaluation")
        return self.layers(x)


class Averaged(Callback):
    """A user's callback with a state, which logs in each step."""

    def __init__(self) -> None:
        self.mean, self.count = torch.zeros(()), 0

    def after_step(self, trainer: Any, step: Any) -> None:
        weights = next(iter(trainer.model.parameters())).detach()
        self.mean, self.count = self.mean.lerp(weights.mean(), 0.1), self.count + 1
        trainer.log("mine/mean", self.mean)
        trainer.log("mine/count", self.count)

    def after_train(self, trainer: Any) -> None:
        at("end")

    def state_dict(self) -> dict[str, Any]:
        return {"mean": self.mean, "count": self.count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.mean, self.count = state["mean"], state["count"]


class Judge(Callback):
    """Decide which epochs are the best, as no loss can: processors round differently.

    The third of four is: until then each is better than the one before, then none is.
    """

    def after_evaluate(self, trainer: Any, metrics: dict[str, float]) -> None:
        metrics["mine/worth"] = float(trainer.state.epoch % 4)


class Gathered(Callback):
    """Wait, before any run is claimed, until all processes that share a folder have come so far."""

    def __init__(self) -> None:
        folder, number = Path(os.environ["GATHERED"]), int(os.environ["GATHERED_NUMBER"])
        folder.mkdir(exist_ok=True)
        (folder / str(os.getpid())).touch()
        while len(os.listdir(folder)) < number:
            time.sleep(0.001)


def train(work_dir: str, resume: str | None = None, **sections: dict[str, Any]) -> None:
    """Train a run, or go on with one.

    Args:
        work_dir: where.
        resume: the run.
        sections: of the config, merged into those above.
    """
    trainer(work_dir, **sections).fit(resume=resume)


ACTIVE: dict[str, Any] = {
    "active_config": {
        "strategy": "BALD",
        "strategy_kwargs": {"num_passes": 3},
        "start_size": 6,
        "num_queries": 4,
        "num_rounds": 3,
        "weights": "shrink_perturb",
        "optimizer": "keep",
    },
    "scheduler_kwargs": {"scheduler_name": "OneCycleLR", "max_lr": 0.1},
    "training_config": CONFIG["training_config"] | {"max_epochs": 20, "patience": 12},
}


def train_active(work_dir: str, resume: str | None = None, **sections: dict[str, Any]) -> None:
    """Train in rounds, or go on with that."""
    active_trainer(work_dir, **sections).fit(resume=resume)


def active_trainer(
    work_dir: str, callbacks: Sequence[Callback] = (), **sections: dict[str, Any]
) -> ActiveTrainer:
    """Return a trainer in rounds with the sections merged into those above."""
    own = {name: {**ACTIVE.get(name, {}), **sections.get(name, {})} for name in ACTIVE}
    plain = {name: value for name, value in CONFIG.items() if name not in own}
    return ActiveTrainer(work_dir, callbacks=callbacks, **plain, **own)


def trainer(
    work_dir: str, callbacks: Sequence[Callback] = (), **sections: dict[str, Any]
) -> Trainer:
    """Return a trainer with the sections merged into those above."""
    config = {key: {**value, **sections.get(key, {})} for key, value in CONFIG.items()}
    return Trainer(work_dir, callbacks=callbacks, **config)


class Barred(Callback):
    """Let nobody write into the run's folder any more, from a step on."""

    def __init__(self, step: int) -> None:
        self._step = step

    def after_step(self, trainer: Any, step: Any) -> None:
        if trainer.state.step == self._step:
            bar(trainer.run.paths.path, True)


def bar(folder: Path, barred: bool) -> bool:
    """Let nobody write below a folder, or again; return whether that was permitted."""
    root = ["chattr", "-R", "+i" if barred else "-i"]  # whom no mode keeps out
    others = ["chmod", "-R", "a-w" if barred else "u+w"]
    command = [*(others if os.geteuid() else root), str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def train_barred(work_dir: str, step: int, **sections: dict[str, Any]) -> None:
    """Train in a folder that cannot be written any more from a step on."""
    trainer(work_dir, callbacks=[Barred(step)], **sections).fit()


class Waking(Callback):
    """Wake a process that is stopped, from a step on, and wait until it has ended."""

    def __init__(self, pid: int, step: int) -> None:
        self._pid, self._step = pid, step

    def after_step(self, trainer: Any, step: Any) -> None:
        if trainer.state.step >= self._step:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGCONT)
            while process_start(self._pid) is not None:
                time.sleep(0.001)


def train_over(work_dir: str, pid: int, step: int, **sections: dict[str, Any]) -> None:
    """Take a run over from a process that is stopped, and wake it at a step of one's own."""
    place = str(Path(work_dir) / "0")
    own = trainer(work_dir, callbacks=[Waking(pid, step)] if step else [], **sections)
    fit(own, ResumedRun.of(place, take_over=True))


def train_dying(
    work_dir: str, deadly: dict[str, Any], resume: str | None = None, **sections: dict[str, Any]
) -> None:
    """Train and die at a chosen system call."""
    with dying_at(Deadly(**deadly), where):
        train(work_dir, resume, **sections)


def resume_together(work_dir: str, gate: str, number: int) -> None:
    """Resume a run at the moment at which another process, with another number, does."""
    Path(f"{gate}{number}").touch()
    while not Path(f"{gate}{1 - number}").exists():
        time.sleep(0.0005)
    train(work_dir, "0")


def command(*arguments: str) -> int:
    """Do what the command line does; return its exit code."""
    from stride_cli.app import main

    sys.argv = ["stride", *arguments]
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0
