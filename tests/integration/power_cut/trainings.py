"""What is recorded, and what goes on after a power cut, each in a process of its own."""

import os
from pathlib import Path
from typing import Any

from stride.callbacks.base import Callback
from tests.integration import everything
from tests.integration.power_cut.recorder import Recorder, recorded

WORK, HOME = "work", "home"
"""Below a folder that a power cut is about: the work_dir, and where the user's key is."""


class Telling(Callback):
    """Note what a training tells its user."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def before_train(self, trainer: Any) -> None:
        self._recorder.told("begun", trainer.run.name)

    def after_checkpoint(self, trainer: Any, path: Path) -> None:
        self._recorder.told("saved", path.name)


def train(root: str, record: str, kind: str, start: dict[str, Any], **sections: Any) -> None:
    """Train, and record what happens below a folder.

    Args:
        root: the folder.
        record: the file for the record.
        kind: the function of `everything` that gives the trainer.
        start: arguments of `fit`; or `run` and `at` of a fork.
        sections: of the config.
    """
    work_dir = at_home(root)
    with recorded(Path(root), Path(record)) as recorder:
        trainer = getattr(everything, kind)(work_dir, callbacks=[Telling(recorder)], **sections)
        (trainer.fork if "at" in start else trainer.fit)(**start)
        recorder.told("ended", trainer.run.name)


def command(root: str, *words: str) -> int:
    """Do what the command line does."""
    at_home(root)
    return everything.command(*words)


def at_home(root: str) -> str:
    """Have the user's own folder in the one that a power cut is about; return the work_dir."""
    os.environ["XDG_STATE_HOME"] = str(Path(root, HOME))
    return str(Path(root, WORK))
