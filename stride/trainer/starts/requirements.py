"""Say what a recorded run asks of whatever goes on with it: its data, its config, its start."""

import os
from collections.abc import Mapping
from typing import Any

from stride.config import Resolved
from stride.config.secrets import is_secret
from stride.config.sections.model import INIT_FROM
from stride.config.values import flatten
from stride.engine.checkpoint.checkpoint import read_state
from stride.errors import ConfigError, RunError
from stride.models.initial import load_initial
from stride.runs.files.digest import require_digest
from stride.runs.files.encoding import is_count
from stride.runs.files.safe_open import require_own
from stride.runs.records.checkpoint import CheckpointRecord
from stride.runs.run import Run
from stride.trainer.fit.assembly import Assembly, KindOfTraining
from stride.trainer.fit.open_sections import values_of
from stride.trainer.fit.run_start import Values
from stride.trainer.fit.session import Session
from stride.visible import quoted

FREE = (
    "training_config.max_epochs",
    "training_config.max_steps",
    "training_config.early_stopping",
    "training_config.patience",
    "training_config.log_interval",
    "training_config.with_test",
    "dataset_kwargs.path",  # the data's fingerprint is compared, not its place
    "dataset_kwargs.root",
    "load_data_kwargs.num_workers",
    "load_data_kwargs.prefetch_factor",
    "load_data_kwargs.persistent_workers",
    "load_data_kwargs.pin_memory",
    "checkpoint_config.",
    "logging_config.",
    "active_config.num_rounds",
    "active_config.budget",
    "active_config.target",
    "rl_config.target_return",
    "rl_config.test_episodes",
    "rl_config.save_buffer",
    "distributed_config.",
)
"""Keys that may change on resuming: nothing that was computed so far depends on them."""

_MOST_THREADS = 4096  # of a record; more of them no machine has, and torch would try

PLACE = ("work_dir", "run", INIT_FROM)  # of the run, and of weights it has by now


def require_whole_config(run: Run) -> None:
    """Refuse a config of which this STRIDE would pass over something: it would train otherwise.

    Raises:
        RunError: names the first such key.
    """
    for what in run.skipped_keys.values():
        wrote = run.provenance.get("versions", {}).get("stride-trainer")
        version = f"STRIDE {wrote}" if wrote else "the version that wrote it"
        raise RunError(
            f"{what}: this version trains without it, and would not do the same",
            where=str(run.paths.config),
            hint=f"install {version}; or to go on without it, type: stride fork {quoted(run.path)} "
            "--at last",
        )


def is_free(key: str, kind: KindOfTraining) -> bool:
    """Tell whether a key may change when a run of this kind is resumed."""
    return key.startswith(FREE) and not key.startswith(tuple(kind.fixed_keys))


def threads_of(run: Run) -> int | None:
    """Return how many threads torch computed with, None where the run does not tell."""
    threads = run.provenance.get("threads")
    number = threads.get("torch") if isinstance(threads, Mapping) else None
    return number if is_count(number) and 0 < number <= _MOST_THREADS else None


def start_of(run: Run, session: Session) -> Values:
    """Return the state that a run began with; load its start weights, where it has any.

    Raises:
        RunError: the run was ended before it had written what it began from, which was more than
            its config; or that is damaged, or another run's.
    """
    if os.path.lexists(run.paths.origin.record):
        CheckpointRecord.read(run.paths.origin.record).require_of(run.status.get("uuid"), ())
        return read_state(run.paths.origin.path)
    parent = run.provenance.get("parent", {})
    if parent.get("checkpoint") is not None:
        command = "fork" if parent["relation"] == "fork" else "reproduce"
        raise _lost_start(run, f"type again: stride {command} {parent['run']}")
    digest = run.provenance.get("initial_weights_sha256")
    if os.path.lexists(run.paths.initial_weights):
        require_own(run.paths.initial_weights)
        require_digest(run.paths.initial_weights, digest)
        load_initial(session.assembly.model.network, run.paths.initial_weights)
    elif digest is not None or init_from(run) is not None:
        raise _lost_start(run, "start it again")
    return {}


def _lost_start(run: Run, hint: str) -> RunError:
    what = "this run was ended before it had written what it began from"
    return RunError(what, where=str(run.path), hint=hint)


def init_from(run: Run) -> Any:
    return run.raw_config.get("model_kwargs", {}).get("init_from")


def require_weights_of_checkpoint(resolved: Resolved) -> None:
    """Refuse start weights beside a checkpoint: they would be loaded, told of and lost.

    Raises:
        ConfigError: `model_kwargs.init_from` names some.
    """
    if resolved.config.model_kwargs.init_from is not None:
        raise ConfigError(
            f"{INIT_FROM} names weights, and those of the checkpoint are gone on with",
            key=INIT_FROM,
            where=INIT_FROM,
            hint="leave it out, or train a new run that starts from them",
        )


def changed_keys(run: Run, assembly: Assembly, typed: list[str]) -> dict[str, str]:
    """Return the keys whose value differs from that in the run, with both values.

    A key that the run does not have, as an argument that a newer torch has, counts where it was
    typed, or the table that it is in: `frozen.teacher=RUN` stands for several keys.
    """
    before = dict(flatten(run.config.to_json()))
    tables = tuple(text.partition("=")[0] + "." for text in typed)
    return {
        key: "it is another"
        if is_secret(key, value)
        else f"was {before.get(key)!r} and is {value!r}"
        for key, value in flatten(assembly.config.to_json())
        if key not in PLACE
        and (key in before or f"{key}.".startswith(tables))
        and before.get(key) != value
    }


def require_same_data(run: Run, assembly: Assembly) -> None:
    """Refuse data whose fingerprint is not that of the run.

    Raises:
        RunError: it is not.
    """
    before = run.provenance.get("data_fingerprint")
    if before and before != assembly.data.fingerprint:
        raise RunError(
            "the data has changed since the run began: its fingerprint is "
            f"{assembly.data.fingerprint}, and was {before}",
            where=str(run.path),
            hint=f"bring the data back, or type: stride fork {quoted(run.path)}",
        )


def permutation_of(run: Run) -> str:
    """Return the method by which the samples of a run were divided and ordered."""
    return str(run.provenance.get("permutation") or "randperm")


def evaluation_draws_of(run: Run) -> str:
    """Return from what the evaluations of a run draw; older runs do not tell."""
    return str(run.provenance.get("evaluation_draws") or "")


def require_same_permutation(run: Run, assembly: Assembly) -> None:
    """Refuse to divide or order the samples by another method than the run did.

    Raises:
        RunError: they would be.
    """
    before, now = permutation_of(run), assembly.data.permutation
    if now and before != now:  # loaders of the user's go by no method of ours
        raise RunError(
            f"the run divided and ordered its samples by {before}, and this version does so many "
            f"by {now}: they would not be the same samples",
            where=str(run.path),
            hint=f"use the version of the run, or type: stride fork {quoted(run.path)}",
        )


def require_lasting_schedule(run: Run, assembly: Assembly) -> None:
    """Refuse to train beyond the end of a schedule that knows how long it is, as OneCycleLR.

    Raises:
        RunError: the training is longer.
    """
    section = values_of(assembly.config.scheduler_kwargs)
    per_epoch, cycles = section.get("steps_per_epoch"), section.get("epochs")
    total = section.get("total_steps") or (per_epoch and cycles and per_epoch * cycles)
    epochs, steps = assembly.lengths
    length = steps if section["interval"] == "step" else epochs
    if total and length and length > total:
        raise RunError(
            f"{section['scheduler_name']} ends after {total} {section['interval']}s, "
            f"and the training would have {length}",
            where=str(run.path),
            hint=f"type: stride fork {quoted(run.path)} --at last "
            f"scheduler_kwargs.total_steps={length}",
        )
