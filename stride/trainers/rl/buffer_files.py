"""Keep the replay buffer of a run in files of the run, which one segment alone writes.

What is mapped into memory is written without a look at whose the run is. So each segment has files
of its own: it copies those of the one before, and takes them away once the copies stand. A process
that has lost the run and wakes writes into files that nobody reads any more.
"""

from collections.abc import Mapping
from inspect import signature
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from stride.errors import ConfigError
from stride.log import LOGGER
from stride.rl.algorithms.algorithm import Algorithm
from stride.runs.files.safe_open import require_inside
from stride.runs.files.sparse import copy_sparse
from stride.runs.keeping.space import free_bytes
from stride.runs.layout import RunPaths
from stride.tables.words import byte_size
from stride.trainer.fit.session import Session
from stride.trainers.rl.rollouts import Rollouts

KEY = "rl_config.memmap_buffer"


def require_files(rollouts: Rollouts) -> None:
    """Refuse a storage that cannot be in files, before there is a run whose files they are.

    Raises:
        ConfigError: the algorithm's storage takes no folder.
        UserError: it cannot be made in one.
    """
    _require_folder(rollouts.algorithm)
    with TemporaryDirectory(prefix="stride-") as folder:
        rollouts.build_storage(Path(folder))


def _require_folder(algorithm: Algorithm) -> None:
    try:
        signature(algorithm.build_storage).bind(1, 1, torch.device("cpu"), folder=Path())
    except TypeError as error:
        what = f"{type(algorithm).__name__} keeps nothing in files: its storage takes no `folder`"
        hint = f"leave it out: type {KEY}=false"
        raise ConfigError(what, key=KEY, where=KEY, hint=hint) from error


def open_files(rollouts: Rollouts, session: Session) -> None:
    """Have the storage in files of this segment, with the rows that go with the saved state.

    Raises:
        RunError: the rows are not there any more; the run ends as it had ended before.
    """
    run, paths, state = session.run, session.run.paths, _saved_state(session)
    own = paths.replay_of(run.identity["segment"])
    with run.commit_folder(own) as folder:
        for file in _saved_files(session) if state else ():
            copy_sparse(file, folder / file.name)
    for folder in map(paths.replay_of, paths.replay_segments()):
        if folder != own:
            run.remove_folder(folder)
    rollouts.storage = rollouts.build_storage(own)
    if state:
        rollouts.storage.load_state_dict(state)  # before it is told what was restored
    _warn_of_space(own)


def _saved_state(session: Session) -> Mapping[str, Any]:
    """Return the state of the storage that the training begins with; empty where there is none."""
    saves = session.assembly.config.rl_config.save_buffer
    found: Mapping[str, Any] = session.start.saved.get("batches", {}).get("storage", {})
    return found if saves else {}


def _saved_files(session: Session) -> list[Path]:
    """Return the files that go with that state: of the run, or of that which it comes from."""
    parent = session.start.lineage()
    paths = session.run.paths if parent is None else RunPaths(Path(parent["run"]))
    require_inside(str(paths.replay), str(paths.path))
    newest = paths.replay_segments()[-1:]
    return [file for n in newest for file in sorted(paths.replay_of(n).iterdir())]


def _warn_of_space(folder: Path) -> None:
    """Warn where the files have no room to grow to their length: the system says so by a kill."""
    found = [file.stat() for file in folder.iterdir()]
    left = sum(max(0, one.st_size - 512 * one.st_blocks) for one in found)
    free = free_bytes(folder)
    if free is not None and free < left:
        LOGGER.warning(
            "the files of the replay buffer may take %s more in %s, and %s are free; a full disk "
            "ends the training, with the last checkpoint kept: choose a smaller capacity",
            *(byte_size(left), folder, byte_size(free)),
        )
