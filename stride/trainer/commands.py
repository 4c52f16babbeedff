"""What the command line calls: start a run, check one, or say what it would be."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from stride.components.trust import Trust, require_signed
from stride.config import Resolved, resolve_layers
from stride.distributed import is_main
from stride.errors import LostProcess
from stride.runs.provenance.start_state import require_begun
from stride.runs.provenance.worktree import recorded_code
from stride.runs.records.reproduction import ReproductionRecord
from stride.runs.run import Run
from stride.runs.work_dir import WorkDir
from stride.trainer.process_group import broadcast_user_errors
from stride.trainer.repeat import trainer_of_run
from stride.trainer.starts.rebuild import recorded, relocated
from stride.trainer.trainer import Trainer
from stride.trainer.trainer_class import trainer_class
from stride.visible import quoted


def start(
    overrides: list[str],
    config_file: str | None,
    *,
    force: bool,
    trust: bool = False,
    budget: str | None = None,
    ended: Callable[[Path], object],
) -> Trainer:
    """Train a run; return its trainer.

    Args:
        overrides: `key=value` texts.
        config_file: JSON, TOML or YAML.
        force: whether an existing run of the config's name is replaced.
        trust: whether the user vouches for the import paths in the work_dir's config.
        budget: the time after which the training is left, to be resumed: `5m`.
        ended: called with the run's folder at its end, however it ended; not without a folder.

    Raises:
        UserError: a wrong key, value, name, file or shape; no folder was made.
        RunFailed: the training could not go on; the run says so.
    """
    with broadcast_user_errors():  # from fit on the trainer does so by itself
        trainer = _trainer(overrides, config_file, trust)
    with _ending(trainer, ended):
        trainer.fit(force=force, budget=budget)
    return trainer


@contextmanager
def _ending(trainer: Trainer, ended: Callable[[Path], object]) -> Iterator[None]:
    """Tell the folder of the run that the block trained, however it ended.

    Raises:
        LostProcess: says how to go on.
    """
    try:
        yield
    except LostProcess as error:
        if (run := getattr(trainer, "run", None)) is not None:
            error.hint = f"type, behind the same launcher: stride resume {quoted(run.paths.path)}"
        raise
    finally:
        _tell(trainer, ended)


def _tell(trainer: Trainer, told: Callable[[Path], object]) -> None:
    """Tell the folder of the run that a trainer has claimed, where it has, once for all ranks."""
    if is_main() and (run := getattr(trainer, "run", None)) is not None:
        told(run.paths.path)


def resume(
    folder: Path,
    overrides: list[str],
    data_root: str | None,
    *,
    trust: bool = False,
    budget: str | None = None,
    ended: Callable[[Path], object],
) -> None:
    """Go on with a run where it was left.

    Args:
        folder: the run's.
        overrides: `key=value` texts; few keys may change.
        data_root: where the data lies now, if it has moved.
        trust: whether the user vouches for the import paths in the run's config.
        budget: the time after which the training is left, to be resumed: `5m`.
        ended: called with the run's folder at its end, however it ended.

    Raises:
        UserError: nothing is left to do, or something has changed on which the past depends.
        RunFailed: the training could not go on; the run says so.
    """
    with broadcast_user_errors():
        run, trainer, moved = _again(folder, data_root, overrides, trust)
    with _ending(trainer, ended):
        given = [*_typed(moved), *overrides]
        trainer.fit(given, resume=run.name, budget=budget, trust_code=trust)


def fork(
    folder: Path,
    at: str,
    overrides: list[str],
    data_root: str | None,
    *,
    trust: bool = False,
    budget: str | None = None,
    ended: Callable[[Path], object],
) -> None:
    """Start a new run from a checkpoint of another; see `Trainer.fork`.

    Raises:
        UserError: there is no such checkpoint, or it does not fit the config.
        RunFailed: the training could not go on; the run says so.
    """
    with broadcast_user_errors():
        run, trainer, moved = _again(folder, data_root, overrides, trust)
    with _ending(trainer, ended):
        given = [*_typed(moved), *overrides]
        trainer.fork(run.name, at, given, budget=budget, trust_code=trust)


class Verdict(NamedTuple):
    """Hold how a reproduction compares, its folder, and whether this process is to tell."""

    record: ReproductionRecord
    folder: Path
    told_here: bool


def reproduce(
    folder: Path,
    steps: int | None,
    data_root: str | None,
    *,
    trust: bool = False,
    left: Callable[[Path], object],
) -> Verdict:
    """Do a run again and compare; see `Trainer.reproduce`.

    Args:
        folder: the run's.
        steps: after how many to stop, None for as many as the run has recorded.
        data_root: where the data lies now, if it has moved.
        trust: whether the user vouches for the import paths in the run's config.
        left: called with the new run's folder where a signal ends it before it is compared.

    Raises:
        UserError: the run cannot be built again.
    """
    with broadcast_user_errors():
        run, trainer, moved = _again(folder, data_root, [], trust)
    try:
        record = trainer.reproduce(run.name, steps=steps, overrides=moved, trust_code=trust)
    except KeyboardInterrupt:
        _tell(trainer, left)
        raise
    return Verdict(record, trainer.run.paths.path, is_main())


def reproduce_with_code(
    folder: Path, steps: int | None, data_root: str | None, *, trust: bool = False, json: bool
) -> int:
    """Do a run again with its recorded commit and patch, in a process of its own.

    Returns:
        The exit code of that process, 128+n where signal n killed it.

    Raises:
        UserError: the run is not signed by the user, who does not vouch for it either.
        RunError: the commit is gone, or the patch does not apply.
    """
    run = Run(folder.absolute())
    options = ["--steps", str(steps)] if steps is not None else []
    options += ["--json"] * json + ["--trust"] * trust
    with recorded_code(run.paths, partial(require_signed, run.path, word=trust)) as code:
        root = data_root or _data_beside(run, code.folder)
        options += ["--data-root", os.path.abspath(root)] if root else []
        command = [sys.executable, "-m", "stride", "reproduce", str(run.path), *options]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(code.path)}
        done = _to_its_end(command, code.folder, environment)
    return done if done >= 0 else 128 - done


def _to_its_end(command: list[str], folder: Path, environment: Mapping[str, str]) -> int:
    """Return how a command ended, which hears Ctrl-C as well and may need a while to obey."""
    with subprocess.Popen(command, cwd=folder, env=environment) as process:
        while True:
            with suppress(KeyboardInterrupt):
                return process.wait()


def _data_beside(run: Run, code: Path) -> str | None:
    """Return the caller's folder where a run's data lies there and not in the checked-out code."""
    section = run.raw_config.get("dataset_kwargs", {})
    texts = [text for key in ("path", "root") if isinstance(text := section.get(key), str)]
    places = [Path(text).expanduser() for text in texts]
    found = [place.exists() and not (code / place).exists() for place in places]
    return os.getcwd() if places and all(found) else None


def dry_run(
    overrides: list[str], config_file: str | None, *, force: bool, trust: bool = False
) -> dict[str, Any]:
    """Return the complete config of the run that `start` would make; create nothing.

    Raises:
        UserError: as in `start`.
    """
    with broadcast_user_errors():
        trainer = _trainer(overrides, config_file, trust)
        config = trainer.config
        WorkDir(config.work_dir).check_name(config.run, force=force)
    trainer.check()
    return trainer.config.to_json()


def check(
    overrides: list[str],
    config_file: str | None,
    *,
    resume: bool = False,
    trust: bool = False,
    tell: Callable[[str], object] = str,
) -> dict[str, Any]:
    """Try one batch of the run that `start` would make, or also its resuming; see `Trainer.check`.

    Raises:
        UserError: as in `start`.
        RunFailed: the training failed in the steps that were tried.
    """
    with broadcast_user_errors():
        trainer = _trainer(overrides, config_file, trust)
    return trainer.check(resume=resume, tell=tell)


def _trainer(overrides: list[str], config_file: str | None, trust: bool) -> Trainer:
    return trainer_of(
        resolve_layers(config_file=config_file, overrides=overrides),
        trust=trust,
        config_file=config_file,
        overrides=overrides,
    )


def trainer_of(resolved: Resolved, *, trust: bool, **arguments: Any) -> Trainer:
    """Make the trainer that a config names, once all that the config names may be imported.

    Args:
        resolved: the config.
        trust: whether the user vouches for the import paths in the work_dir's config.
        arguments: of the trainer, from which the config was made.

    Raises:
        UserError: nobody vouches for them, or there is no such trainer.
    """
    Trust(trust).require(resolved)
    arguments |= {"trust_code": True} if trust else {}
    return trainer_class(resolved.config.trainer, Trainer)(**arguments)


def _again(
    folder: Path, data_root: str | None, overrides: list[str], trust: bool
) -> tuple[Run, Trainer, dict[str, str]]:
    """Return a run, a trainer of its kind, and where its data lies now, if that has moved."""
    run = Run(folder)
    # Without them nobody could tell whose code is named.
    if not (run.paths.config.exists() and run.paths.provenance.exists()):
        require_begun(run.paths)
    trainer = trainer_of_run(run, recorded(run, overrides), trust=trust)
    return run, trainer, relocated(run, data_root)


def _typed(values: Mapping[str, str]) -> list[str]:
    return [f"{key}={value}" for key, value in values.items()]
