"""Choose which checkpoints of a run stay, name them in its index, and delete the others."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from stride.callbacks.monitor import Monitor
from stride.config.sections.checkpoint import CheckpointConfig
from stride.errors import RunError
from stride.log import LOGGER
from stride.runs.layout import FORMAT_VERSION, RunPaths, checkpoint_order, checkpoint_position
from stride.runs.records.checkpoint import CheckpointIndex, CheckpointRecord

Entry = dict[str, Any]


class RetentionPolicy:
    """The checkpoints that are kept, in the order of training.

    Args:
        config: how many to keep.
        monitor: by what the best is found.
        inside: whether a training can go on inside an epoch; else the newest checkpoint between
            two epochs is kept too.
    """

    def __init__(self, config: CheckpointConfig, monitor: Monitor, *, inside: bool = True) -> None:
        self._config = config
        self._monitor = monitor
        self._inside = inside
        self._entries: list[Entry] = []

    def adopt(self, paths: RunPaths, last: str) -> None:
        """Take over what is in a run's folder up to its checkpoint `last`, by their own records.

        Later ones are of steps that are done again.
        """
        upto = checkpoint_order(last)
        self._entries = []
        for name in paths.checkpoint_names():
            if checkpoint_order(name) <= upto:
                self._read(paths, name)

    def _read(self, paths: RunPaths, name: str) -> None:
        try:
            record = CheckpointRecord.read(paths.checkpoint(name).record)
        except RunError as error:
            LOGGER.warning("the checkpoint %s is forgotten: %s", name, error)
            return
        value = _value_in_index(paths, name) if record.value is None else record.value
        self.add(name, record.model_dump() | {"value": value})

    def add(self, name: str, record: Entry) -> None:
        """Note a checkpoint by its record."""
        keys = ("step", "epoch", "position", "time", "value")
        entry = {"name": name, **{key: record.get(key) for key in keys}}
        others = [other for other in self._entries if other["name"] != name]
        self._entries = sorted([*others, entry], key=lambda e: checkpoint_order(e["name"]))

    def newest(self) -> tuple[int, int] | None:
        """Return step and epoch of the newest checkpoint."""
        return (self._entries[-1]["step"], self._entries[-1]["epoch"]) if self._entries else None

    def retract(self, step: int) -> None:
        """Forget the checkpoints of later steps."""
        self._entries = [entry for entry in self._entries if entry["step"] <= step]

    def rate(self, name: str, value: float) -> bool:
        """Give a checkpoint without a value one; tell whether it had none."""
        for entry in self._entries:
            if entry["name"] == name and entry["value"] is None:
                entry["value"] = value
                return True
        return False

    def choose(self) -> dict[str, Any]:
        """Forget all but the entries to keep; return the index of them."""
        self._entries = [entry for entry in self._entries if self._is_kept(entry)]
        ranked = self._ranked()
        return {
            "format_version": FORMAT_VERSION,
            "entries": self._entries,
            "best": ranked[0]["name"] if ranked else None,
            "last": self._entries[-1]["name"] if self._entries else None,
        }

    def delete_others(self, paths: RunPaths, remove: Callable[[Path], None]) -> None:
        """Delete every checkpoint that is not kept; a folder of another kind of name stays.

        Args:
            paths: the run's files.
            remove: deletes a folder for the run's writer.
        """
        kept = {entry["name"] for entry in self._entries}
        for name in paths.checkpoint_names():
            if name not in kept:
                remove(paths.checkpoint(name).path)

    def _is_kept(self, entry: Entry) -> bool:
        config = self._config
        borders = [one for one in self._entries if _is_border(one)]
        return (
            entry in self._entries[-config.keep_last :]
            or entry in self._ranked()[: config.keep_best]
            or (entry in borders and config.keep_every and entry["epoch"] % config.keep_every == 0)
            or (not self._inside and entry in borders[-1:])
        )

    def _ranked(self) -> list[Entry]:
        """Return the entries that have a value, best first, the earlier of two equal ones first."""
        sign = 1 if self._monitor.mode == "min" else -1
        valued = [e for e in self._entries if e["value"] is not None and e["value"] == e["value"]]
        return sorted(valued, key=lambda e: (sign * e["value"], e["step"]))


def _is_border(entry: Entry) -> bool:
    """Tell by its name whether a checkpoint stands between two epochs."""
    position = checkpoint_position(entry["name"])
    return position is not None and position[1] is None


def _value_in_index(paths: RunPaths, name: str) -> float | None:
    """Return the value that only the index has.

    It was known after the checkpoint was written; and records of format version 1 have none.
    """
    try:
        entries = CheckpointIndex.read(paths.checkpoint_index).entries
    except RunError:
        return None
    return next((entry.value for entry in entries if entry.name == name), None)
