"""Small sweeps of digits, for processes that are killed on purpose."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from optuna.storages.journal import JournalFileBackend
from torch import nn

from stride.callbacks.base import Callback
from stride.config.pack import Pack
from stride.runs.layout import SweepPaths, WorkDirPaths
from stride.sweeps.joining import join
from stride.sweeps.processes import work_in_processes
from stride.sweeps.sweep import open_sweep
from stride.sweeps.sweeper import Sweeper
from stride.trainer.trainer import Trainer
from tests.integration.system_calls import Deadly, dying_at

HERE = "tests.integration.sweeps.sweeping"
NAME = "asked"

CONFIG: dict[str, Any] = {
    "device": "cpu",
    "dataset_kwargs": {"dataset_name": "digits", "subsample_rate": 0.1},
    "load_data_kwargs": {"batch_size": 32},
    "model_kwargs": {"model_name": "MLP", "hidden": [4], "dropout": 0.2},
    "training_config": {"max_epochs": 3},
    "checkpoint_config": {"every_steps": 3},
    "logging_config": {"terminal_display": "off"},
}
_LR, _HIDDEN, _NAME = (
    "optimizer_kwargs.lr",
    "model_kwargs.hidden",
    "optimizer_kwargs.optimizer_name",
)
_SPACE: dict[str, Any] = {
    _LR: "float(1e-4,1e-1,log)",
    _HIDDEN: [[4], [8], [4, 4]],
    _NAME: ["AdamW", "SGD"],
    "optimizer_kwargs.momentum": {
        "type": "float",
        "low": 0.1,
        "high": 0.9,
        "when": {_NAME: ["SGD"]},
    },
}
_TPE = {"sampler_name": "tpe", "n_startup_trials": 2}
_MEDIAN = {"pruner_name": "median", "n_startup_trials": 1}
_PFL = {
    "pruner_name": "pfl",
    "target_epoch": 3,
    "n_startup_trials": 1,
    "n_warmup_epochs": 1,
    "top_k": 1,
}
KINDS: dict[str, dict[str, Any]] = {
    "grid": {"grid": {_LR: [0.003, 0.03], _HIDDEN: [[4], [8], [4, 4]]}, "pruner": _MEDIAN},
    "failing": {
        "runs": [
            {"config": {"model_kwargs.model_name": f"{HERE}:Net", "model_kwargs.second": 5}},
            {"config": {_LR: 1e30, _NAME: "SGD"}},
            {"config": {_LR: 0.1}},
        ],
        "seeds": 2,
    },
    "list": {
        "runs": [
            {"run": "small", "config": {_LR: 0.001}},
            {"config": {_LR: 0.1}},
            {"run": "wide", "config": {_HIDDEN: [16]}},
        ]
    },
    "random": {
        "search_space": _SPACE,
        "sampler": "random",
        "trials": 5,
        "pruner": _MEDIAN,
        "seed": 1,
    },
    "qmc": {"search_space": _SPACE, "sampler": "qmc", "trials": 5},
    "tpe": {"search_space": _SPACE, "sampler": _TPE, "trials": 6},
    "tpe-median": {
        "search_space": _SPACE,
        "sampler": _TPE,
        "trials": 6,
        "pruner": _MEDIAN,
        "seed": 3,
    },
    "joint-pfl": {
        "search_space": _SPACE,
        "sampler": {**_TPE, "multivariate": True},
        "trials": 6,
        "pruner": _PFL,
    },
    "seeds": {"search_space": _SPACE, "sampler": "random", "trials": 3, "seeds": 3},
    "race": {
        "search_space": _SPACE,
        "sampler": _TPE,
        "trials": 5,
        "seeds": 3,
        "seed": 3,
        "pruner": {"pruner_name": "median", "n_startup_trials": 9},
    },
    "packed": {"grid": {_LR: [0.003, 0.03, 1e30]}, "seeds": 2},
    "packed-random": {
        "search_space": {_LR: "float(1e-4,1e-1,log)", "model_kwargs.dropout": [0.1, 0.3]},
        "sampler": "random",
        "trials": 5,
    },
}
"""What is asked of a sweep: all kinds whose samplers and pruners are exact."""

PACKED = 4
"""How many runs are trained as one stack, in the kinds whose names say so."""


class Net(nn.Sequential):
    """Two layers, which fit together where their widths are equal."""

    def __init__(self, first: int = 4, second: int = 4) -> None:
        super().__init__(nn.Flatten(), nn.Linear(64, first), nn.ReLU(), nn.Linear(second, 10))


class Killing(Net):
    """A network whose process is killed, as the system does when memory runs out."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        os.kill(os.getpid(), signal.SIGKILL)
        return x


NET = {"model_name": f"{HERE}:Net"}


def paths_of(work_dir: str | Path) -> SweepPaths:
    """Return the sweep of a work_dir."""
    return WorkDirPaths(Path(work_dir)).sweep(NAME)


def trainer_in(
    work_dir: str | Path, callbacks: Sequence[Callback] = (), **sections: dict[str, Any]
) -> Trainer:
    """Return a trainer of this module's config, with sections merged into it; or with `NET`."""
    changed = {
        key: own if own == NET else {**CONFIG.get(key, {}), **own} for key, own in sections.items()
    }
    return Trainer(str(work_dir), callbacks=callbacks, **{**CONFIG, **changed})


def sweep(work_dir: str, kind: str, **asked: Any) -> None:
    """Ask for a sweep, and work on it alone."""
    sweeper = Sweeper(trainer_in(work_dir), name=NAME, **{**KINDS[kind], **asked})
    sweeper.run(pack=_pack(kind))


def _pack(kind: str) -> Pack:
    return PACKED if kind.startswith("packed") else "off"


def resume(work_dir: str, kind: str = "") -> None:
    """Go on with a sweep as any process can that joins it."""
    join(open_sweep(paths_of(work_dir)), pack=_pack(kind))


def sweep_in_processes(work_dir: str, count: int, **asked: Any) -> None:
    """Work on a sweep in several processes."""
    work_in_processes(Sweeper(trainer_in(work_dir), name=NAME, **asked).begin(), count, trust=True)


def go_on(work_dir: str, kind: str, again: bool, **asked: Any) -> None:
    """Go on with a sweep: ask for it again, or join it where it is there."""
    if again or not paths_of(work_dir).record.exists():
        sweep(work_dir, kind, **asked)
    else:
        resume(work_dir, kind)


def sweep_dying(work_dir: str, kind: str, deadly: dict[str, Any], **asked: Any) -> None:
    """Work on a sweep and die at a chosen system call."""
    with dying_at(Deadly(**deadly)):
        sweep(work_dir, kind, **asked)


def sweep_torn(work_dir: str, kind: str, number: int, share: float, **asked: Any) -> None:
    """Work on a sweep and die in the n-th append to its journal.

    Args:
        work_dir: where.
        kind: of the sweep.
        number: of the append, from 1; 0 for none.
        share: of the append's bytes that is written.
        asked: of the sweep, over its kind's.
    """
    append, count = JournalFileBackend.append_logs, 0

    def dying(self: JournalFileBackend, logs: list[dict[str, Any]]) -> None:
        nonlocal count
        count += 1
        before = os.path.getsize(self._file_path)
        if count != number or share:
            append(self, logs)
        if count == number:
            grown = os.path.getsize(self._file_path) - before
            os.truncate(self._file_path, before + int(share * grown))
            os.kill(os.getpid(), signal.SIGKILL)

    JournalFileBackend.append_logs = dying  # type: ignore[method-assign]
    sweep(work_dir, kind, **asked)
    Path(work_dir, "appends").write_text(str(count))
