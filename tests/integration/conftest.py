"""Trainings that are killed on purpose, and all that a training leaves, to be compared bit by bit.

A killed training is one that an exception ends at a chosen place; the kill of a whole process is
another test's business.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from stride.callbacks.base import Callback
from stride.engine.checkpoint.checkpoint import read_state
from stride.engine.checkpoint.fidelity import same
from stride.runs.fingerprints import read_digests, read_fingerprints
from stride.runs.layout import RunPaths
from stride.trainer.trainer import Trainer
from tests.integration.same_runs import unlike

Kill = tuple[str, int]
Seen = dict[int, list[list[Tensor]]]

TIMED = ("wall_seconds", "train_seconds", "samples_per_second")


class Killed(BaseException):
    """End a training as nothing inside of it would."""


class Killer(Callback):
    """Kill the training at a hook, once so many steps are done."""

    def __init__(self, hook: str, step: int) -> None:
        self._place = (hook, step)

    def _look(self, hook: str, trainer: Any) -> None:
        if hook == self._place[0] and trainer.state.step >= self._place[1]:
            raise Killed

    def before_step(self, trainer, batches):
        self._look("before_step", trainer)

    def after_step(self, trainer, step):
        self._look("after_step", trainer)

    def after_evaluate(self, trainer, metrics):
        self._look("after_evaluate", trainer)

    def after_epoch(self, trainer, metrics):
        self._look("after_epoch", trainer)

    def after_checkpoint(self, trainer, path):
        self._look("after_checkpoint", trainer)


class Witness(Callback):
    """Note the batches of each step, as they reach the model."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen

    def before_step(self, trainer, batches):
        tensors = [t.clone() for batch in batches for t in batch]
        self._seen.setdefault(trainer.state.step, []).append(tensors)


class Trials:
    """Train one feature, whole or killed and resumed, each time in a work_dir of its own.

    Args:
        folder: of the work_dirs.
        base: the config of all features; a feature's sections are merged into it.
    """

    def __init__(self, folder: Path, base: Mapping[str, Any]) -> None:
        self.folder = folder
        self.base = base

    def train(
        self,
        feature: Mapping[str, Any],
        *kills: Kill,
        name: str = "killed",
        first: Mapping[str, Any] | None = None,
        then: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Train to the end, killed and resumed at each of these places; return all that is left.

        Args:
            feature: sections of the config; and under "given" a function for further arguments of
                the Trainer, under "model" one for a model, under "kind" a subclass.
            kills: places in their order.
            name: of the work_dir.
            first: arguments of the first `fit`.
            then: arguments of each `fit` that resumes.
        """
        seen: Seen = {}
        for number, kill in enumerate([*kills, None]):
            torch.manual_seed(number)  # what comes from Python is another one after a kill
            arguments = (first or {}) if number == 0 else {"resume": 0, **(then or {})}
            trainer = self.run(feature, seen, name, kill, **arguments)
        return self.left(trainer, seen)

    def run(
        self, feature: Mapping[str, Any], seen: Seen, name: str, kill: Kill | None, **fit: Any
    ) -> Trainer:
        """Train until the training is killed, or to its end; return the trainer."""
        trainer = self.trainer(feature, seen, name, kill)
        try:
            trainer.fit(**fit)
        except Killed:
            return trainer
        assert kill is None, f"nothing was killed at {kill}"
        return trainer

    def trainer(
        self, feature: Mapping[str, Any], seen: Seen, name: str, kill: Kill | None = None
    ) -> Trainer:
        """Return a new Trainer of a feature, with new objects of the user's."""
        sections = {key: value for key, value in feature.items() if key not in _OBJECTS}
        config = {
            key: ({**self.base.get(key, {}), **value} if isinstance(value, dict) else value)
            for key, value in {**self.base, **sections}.items()
        }
        given = {key: make() for key, make in feature.get("given", {}).items()}
        callbacks = [*given.pop("callbacks", []), Witness(seen)]
        callbacks += [Killer(*kill)] if kill else []
        kind = feature.get("kind", Trainer)
        trainer = kind(self.folder / name, callbacks=callbacks, **given, **config)
        if "model" in feature:
            trainer.set_model(feature["model"]())
        return trainer

    def left(self, trainer: Trainer, seen: Seen) -> dict[str, Any]:
        """Return everything that a training leaves, times aside."""
        paths = trainer.run.paths
        rows = [without(row, "time") for row in _lines(paths.metrics)]
        places = [
            (row["step"], row["epoch"], name) for row in rows for name in without(row, *_PLACE)
        ]
        assert len(places) == len(set(places)), "a step has one metric twice"
        for step, times in seen.items():
            assert all(same(one, times[0]) for one in times), f"step {step} had two batches"
        results = without(json.loads(paths.results.read_text()), "timings")
        return {
            "weights": trainer.model.state_dict(),
            "best": paths.weights.read_bytes(),
            "checkpoint": _state(paths),
            "rows": rows,
            "csv": _csv(paths),
            "fingerprints": list(read_fingerprints(paths.fingerprints)),
            "digests": list(read_digests(paths.fingerprints)),
            "results": results,
            "index": _index(paths),
            "batches": {step: times[0] for step, times in seen.items()},
            "end": [json.loads(paths.status.read_text())[key] for key in ("state", "reason")],
        }


_PLACE = ("step", "epoch")
_OBJECTS = ("given", "model", "kind")


def without(values: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Return a mapping without some of its keys."""
    return {key: value for key, value in values.items() if key not in keys}


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _state(paths: RunPaths) -> dict[str, Any]:
    state = read_state(paths.checkpoint(paths.checkpoint_names()[-1]).path)
    state = without(state, "noticed")  # what a callback has seen is named, and not restored
    return state | {"clock": without(state["clock"], *TIMED)}


def _csv(paths: RunPaths) -> list[list[str]]:
    """Return the table without its times."""
    if not paths.metrics_csv.exists():
        return []
    rows = [line.split(",") for line in paths.metrics_csv.read_text().splitlines()]
    at = rows[0].index("time")
    return [row[:at] + row[at + 1 :] for row in rows]


def _index(paths: RunPaths) -> dict[str, Any]:
    index = json.loads(paths.checkpoint_index.read_text())
    entries = [without(entry, "time") for entry in index["entries"]]
    return without(index, "segment") | {"entries": entries}  # another segment wrote it


@pytest.fixture(scope="module")
def trials(one_thread: None) -> type[Trials]:
    """Return what trains one feature, whole or killed, in a folder and on a base config."""
    return Trials


@pytest.fixture(scope="session")
def differences() -> Callable[[Any, Any], list[str]]:
    """Return a function that names what differs between what two trainings left."""
    return lambda one, other: list(unlike(one, other))
