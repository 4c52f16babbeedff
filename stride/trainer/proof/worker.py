"""What one process of a proof does: look at the training, or train until it is killed."""

import json
import os
import signal
import sysconfig
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from stride.callbacks.base import Callback
from stride.callbacks.protocols import TrainerLike
from stride.config import Resolved
from stride.data.batches.user_loader import UserLoaderBatches
from stride.errors import StrideError
from stride.loggers.base import Loggers
from stride.models.model import CRITERION
from stride.runs.files.atomic import read_record
from stride.runs.layout import CheckpointPaths
from stride.runs.run import Run
from stride.trainer.fit.assembly import Assembly, steps_per_epoch
from stride.trainer.fit.run_start import NewRun, RunStart
from stride.trainer.flow import Trainable, check, fit
from stride.trainer.starts.resume import ResumedRun

RUN = "0"  # the name of the one run in each work_dir of a proof


@dataclass(frozen=True)
class Task:
    """Say how far one process trains.

    Attributes:
        work_dir: of the run.
        every: the steps between checkpoints.
        until: the process is killed by the first checkpoint that has so many steps.
        resumes: whether the run is there, and resumed.
        num_workers: of the loaders, None to leave them as they are.
    """

    work_dir: str
    every: int
    until: int
    resumes: bool = False
    num_workers: int | None = None

    def is_reached(self) -> bool:
        """Tell whether the checkpoint that kills the process is there."""
        folders = Run(Path(self.work_dir, RUN)).checkpoints()
        return any(self.ends_with(folder) for folder in folders)

    def ends_with(self, checkpoint: Path) -> bool:
        """Tell whether this checkpoint is the one."""
        step: int = read_record(CheckpointPaths(checkpoint).record)["step"]
        return step >= self.until


class DiesAt(Callback):
    """Kill this process, and those that it has started, when a checkpoint stands."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def after_checkpoint(self, trainer: TrainerLike, path: Path) -> None:
        """Kill, where it is the checkpoint to die at."""
        if self._task.ends_with(path):
            own_group = os.getpgrp() == os.getpid()
            os.kill(0 if own_group else os.getpid(), signal.SIGKILL)


def work(trainer: Trainable, resolved: Resolved, task: Task | None) -> dict[str, Any]:
    """Train as the trial says, which returns only where the training ends before; or look."""
    return look(trainer) if task is None else train(trainer, resolved, task)


def look(trainer: Trainable) -> dict[str, Any]:
    """Return what `Trainer.check` finds, and what a proof needs to know of the training."""
    found = check(trainer)
    assembly = trainer.builder.build()
    model = assembly.model
    names = {id(value): name for name, value in model.network.named_parameters()}
    names |= {id(value): CRITERION + name for name, value in model.criterion.named_parameters()}
    groups = [group for one in trainer.optimizers.values() for group in one.param_groups]
    tensors = [t for t in model.state_dict().values() if isinstance(t, Tensor)]
    return {
        "found": found,
        "per_epoch": steps_per_epoch(assembly.data, assembly.config.training_config.accumulate),
        "total": assembly.lengths[1],
        "inside": assembly.loader("train").seekable,
        "num_workers": _num_workers(assembly),
        "optimized": [names.get(id(p), "?") for group in groups for p in group["params"]],
        "nbytes": sum(tensor.nbytes for tensor in tensors),
    }


def _num_workers(assembly: Assembly) -> int | None:
    """Return how many workers the config gives the training loader, None where it is given."""
    if isinstance(assembly.data.train_loader, UserLoaderBatches):
        return None
    return int(assembly.config.load_data_kwargs.constructor_kwargs.get("num_workers", 0))


def train(trainer: Trainable, resolved: Resolved, task: Task) -> dict[str, Any]:
    """Train until the checkpoint that kills this process; return the step of an earlier end."""
    trainer.builder.logger = Loggers([])
    start = _resumed(task) if task.resumes else _fresh(resolved, task)
    start.given_in(resolved.folder)
    start.callbacks.append(DiesAt(task))
    fit(trainer, start)
    return {"ended": trainer.state.step}


def _fresh(resolved: Resolved, task: Task) -> NewRun:
    asked = {
        "work_dir": task.work_dir,
        "run": RUN,
        "training_config.digest_every": 1,  # to name the first step whose weights differ
        "checkpoint_config.every_steps": task.every,
        "checkpoint_config.keep_last": 1,
        "checkpoint_config.background": False,  # or further steps are done before the kill
        "logging_config.terminal_display": "off",
    }
    return NewRun(resolved.override(asked))


def _resumed(task: Task) -> RunStart:
    return ResumedRun.of(Path(task.work_dir, RUN), _with_workers(task.num_workers))


def _with_workers(number: int | None) -> dict[str, Any]:
    if number is None:
        return {}
    # What only workers have may not stand there without any.
    others = {} if number else {"prefetch_factor": None, "persistent_workers": False}
    return {"load_data_kwargs": {"num_workers": number, **others}}


def answer(path: Path, call: Callable[[], Mapping[str, Any]]) -> None:
    """Write what the call returns, or how it failed; its traceback goes to stderr."""
    try:
        values = call()
    except BaseException as error:
        traceback.print_exc()
        values = {"error": _told(error)}
    path.write_text(json.dumps(values))


def _told(error: BaseException) -> dict[str, str]:
    if isinstance(error, StrideError):
        kind = type(error).__name__
        return {"kind": kind, "what": error.what, "where": error.where, "hint": error.hint}
    first = (str(error).splitlines() or [""])[0]
    return {"kind": "", "what": f"{type(error).__name__}: {first}", "where": _place(error)}


def _place(error: BaseException) -> str:
    """Return file:line of the user's code at which an error came up, if it did there."""
    paths = [sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")]
    foreign = (*paths, str(Path(__file__).parents[2]), "<frozen ")
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(foreign)]
    return f"{own[-1].filename}:{own[-1].lineno}" if own else ""
