"""Write checkpoints when they are due, keep an index of them, and delete the old ones."""

import shutil
import time
from collections.abc import Callable
from typing import Any

from stride.callbacks.base import Callback
from stride.callbacks.monitor import Monitor
from stride.config.schema import CheckpointConfig
from stride.engine.checkpoint import require_storable, write_state
from stride.models.model import Step
from stride.runs.layout import FORMAT_VERSION, checkpoint_order

Entry = dict[str, Any]


class Checkpoints(Callback):
    """Write all that resuming needs every so many epochs, steps or minutes, and at the end.

    Args:
        config: when to write and what to keep.
        name: gives a checkpoint's folder name from completed epochs and, inside of an epoch, the
            step.
        monitor: by what the best checkpoint is found.
    """

    def __init__(
        self, config: CheckpointConfig, name: Callable[[int, int | None], str], monitor: Monitor
    ) -> None:
        self._config = config
        self._name = name
        self._monitor = monitor
        self._entries: list[Entry] = []
        self._metrics: dict[str, float] = {}
        self._seconds = 60 * config.every_minutes if config.every_minutes else float("inf")
        self._due = time.monotonic() + self._seconds

    def before_train(self, trainer: Any) -> None:
        """Refuse at once what the first checkpoint, perhaps hours later, could not hold."""
        require_storable(trainer.state)

    def after_step(self, trainer: Any, step: Step) -> None:
        """Write a checkpoint when enough steps or minutes have gone by."""
        every = self._config.every_steps
        if (every and trainer.state.step % every == 0) or time.monotonic() >= self._due:
            self.save(trainer)

    def after_evaluate(self, trainer: Any, metrics: dict[str, float]) -> None:
        """Note the values that a checkpoint at the end of this epoch is judged by."""
        self._metrics = metrics

    def after_epoch(self, trainer: Any, metrics: dict[str, float]) -> None:
        """Write a checkpoint when enough epochs have gone by."""
        every = self._config.every_epochs
        if every and trainer.state.position == 0 and trainer.state.epoch % every == 0:
            self.save(trainer, metrics)

    def after_train(self, trainer: Any) -> None:
        """Write the last checkpoint."""
        self.save(trainer, self._metrics)

    def save(self, trainer: Any, metrics: dict[str, float] | None = None) -> None:
        """Write the training's state as it is now, unless it is written already or not finite."""
        state = trainer.state
        here = (state.step, state.epoch)
        if any((entry["step"], entry["epoch"]) == here for entry in self._entries):
            return
        if not state.is_finite():  # the loop ends the run by it at its next report
            return
        name = self._name(state.epoch, state.step if state.position else None)
        path = trainer.run.paths.checkpoint(name).path
        with trainer.run.commit_folder(path) as folder:
            record = write_state(folder, state)
        self._due = time.monotonic() + self._seconds
        value = (metrics or {}).get(self._monitor.metric)
        where = {key: record[key] for key in ("step", "epoch", "position", "time")}
        entry = {"name": name, **where, "value": value}
        self._entries = sorted([*self._entries, entry], key=lambda e: checkpoint_order(e["name"]))
        self._prune(trainer)
        trainer.hooks.call("after_checkpoint", path)

    def _prune(self, trainer: Any) -> None:
        """Name the checkpoints to keep in the index, then delete the others."""
        kept = [entry for entry in self._entries if self._is_kept(entry)]
        dropped = [entry for entry in self._entries if entry not in kept]
        self._entries = kept
        ranked = self._ranked()
        index = {
            "format_version": FORMAT_VERSION,
            "entries": kept,
            "best": ranked[0]["name"] if ranked else None,
            "last": kept[-1]["name"],
        }
        trainer.run.commit(trainer.run.paths.checkpoint_index, index)
        for entry in dropped:
            shutil.rmtree(trainer.run.paths.checkpoint(entry["name"]).path, ignore_errors=True)

    def _is_kept(self, entry: Entry) -> bool:
        config = self._config
        every = config.keep_every
        milestone = bool(every) and self._name(entry["epoch"], None) == entry["name"]
        return (
            entry in self._entries[-config.keep_last :]
            or entry in self._ranked()[: config.keep_best]
            or (milestone and entry["epoch"] % (every or 1) == 0)
        )

    def _ranked(self) -> list[Entry]:
        """Return the entries that have a value, best first, the earlier of two equal ones first."""
        sign = 1 if self._monitor.mode == "min" else -1
        valued = [e for e in self._entries if e["value"] is not None and e["value"] == e["value"]]
        return sorted(valued, key=lambda e: (sign * e["value"], e["step"]))

    def state_dict(self) -> dict[str, Any]:
        """Return the entries of the index."""
        return {"entries": self._entries}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the entries of the index."""
        self._entries = state["entries"]
