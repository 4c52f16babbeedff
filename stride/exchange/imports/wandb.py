"""Read the file that W&B keeps of a run until it is sent, or for good where it is offline."""

import json
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from stride.config.nonfinite import decode_number
from stride.exchange.imports.plain import Plain
from stride.exchange.imports.source import COUNTED, STEP, Place, SourceRun, Value, is_moment
from stride.exchange.imports.wandb_log import wandb_records
from stride.exchange.imports.wire import Message, blob, blobs, message, part, parts, text, whole
from stride.runs.files.encoding import DEEPEST, as_utf8, load_json

_HISTORY, _CONFIG, _METRIC, _RUN, _EXIT, _HEADER = 2, 5, 12, 17, 18, 21  # of a record
_ITEM, _ROW_STEP = 1, 2  # of a row of the history
_KEY, _NESTED, _JSON = 1, 2, 16  # of an item
_UPDATE, _REMOVE = 1, 2  # of a change of the config
_NAME, _PATTERN, _AXIS = 1, 2, 4  # of a metric's definition
_ALL = "*"

Items = Mapping[tuple[str, ...], Any]
"""Values by their key and those of the tables that they are in."""


def read_wandb(place: Place) -> SourceRun:
    """Read a run of W&B: one file run-ID.wandb.

    Raises:
        RunError: the file cannot be read, or is not one of W&B's, or its config is too large.
    """
    reader = _Reader(SourceRun())
    for path in place.files:
        for record in wandb_records(path, reader.found.tell):
            reader.add(record)
    found = reader.result()
    table = Plain("config", str(place.path), found.tell).table(found.hyperparameters)
    found.hyperparameters = table
    return found


class _Reader:
    """Gather what the records of one run say.

    Args:
        found: the run, which is filled.
    """

    def __init__(self, found: SourceRun) -> None:
        self.found = found
        self._rows: list[tuple[int, float, dict[str, int | float]]] = []
        self._axes: dict[str, str] = {}  # of names and patterns, as they were defined
        self._others: set[str] = set()
        self._ended = False
        self._garbage = 0

    def add(self, record: bytes) -> None:
        """Take a record; other kinds, as those of the machine's load, are not of the training."""
        takers = {
            _HISTORY: self._add_row,
            _CONFIG: self._change_config,
            _METRIC: self._define,
            _RUN: self._add_run,
            _EXIT: self._end,
            _HEADER: self._add_version,
        }
        try:
            found = message(record)
            for number, take in takers.items():
                if number in found:
                    take(part(found, number))
        except (ValueError, OverflowError, RecursionError):
            self._garbage += 1

    def _add_version(self, header: Message) -> None:
        self.found.version = text(part(header, 1), 1).partition("+")[0] or None

    def _add_run(self, run: Message) -> None:
        found, start = self.found, part(run, 17)
        found.tags = [tag.decode("utf-8", "replace") for tag in blobs(run, 10)]
        found.name = text(run, 8)
        found.note, found.host = text(run, 9), text(run, 13) or None
        found.commit = text(part(run, 21), 2) or None
        began = whole(start, 1) + whole(start, 2) / 1e9
        if is_moment(began):
            found.created = found.started = began
        self._change_config(part(run, 4))

    def _change_config(self, change: Message) -> None:
        for path, value in _items(parts(change, _UPDATE)).items():
            _put(self.found.hyperparameters, path, value)
        for path in _items(parts(change, _REMOVE)):
            if len(path) == 1:
                self.found.hyperparameters.pop(path[0], None)

    def _define(self, metric: Message) -> None:
        if axis := text(metric, _AXIS):
            self._axes[text(metric, _NAME) or text(metric, _PATTERN)] = axis

    def _end(self, ending: Message) -> None:
        self._ended = True
        if code := whole(ending, 1):
            self.found.state, self.found.reason = "failed", f"its exit code was {code}"

    def _add_row(self, row: Message) -> None:
        items = dict(_leaves(_items(parts(row, _ITEM))))
        objects = {path[:-1] for path in items if path[-1] == "_type"}
        numbers: dict[str, int | float] = {}
        for path, value in items.items():
            number = decode_number(value)
            is_part = any(path[: len(one)] == one for one in objects)
            if isinstance(number, int | float) and not isinstance(number, bool) and not is_part:
                numbers[as_utf8(".".join(path))] = number
            else:
                self._others.add(path[0])
        time = numbers.pop("_timestamp", 0.0)
        numbers.pop("_runtime", None)
        step = numbers.pop("_step", None)
        if not isinstance(step, int):
            step = whole(part(row, _ROW_STEP), 1)
        time = float(time) if is_moment(time) else self.found.ended
        self.found.ended = max(self.found.ended, time)
        self._rows.append((step, time, numbers))

    def result(self) -> SourceRun:
        """Return the run, each metric on its axis, and what is to be told."""
        found = self.found
        found.hyperparameters.pop("_wandb", None)  # of W&B itself
        found.ended = max(found.ended, found.created)
        if not self._ended:
            found.state, found.reason = "failed", "W&B has recorded no end of it"
        axis = self._main_axis()
        for step, time, numbers in self._rows:
            at = step if axis == STEP else int(numbers.get(axis, step))
            found.values += [Value(at, time, name, number) for name, number in numbers.items()]
        names = {name for _, _, numbers in self._rows for name in numbers}
        own = {name: self._axis_of(name) for name in names}
        found.axes = {n: a for n, a in sorted(own.items()) if a in names and a not in (axis, n)}
        if self._others:
            found.tell(f"keys of images, texts, tables and the like: {len(self._others):,}")
        if self._garbage:
            found.tell(f"records that make no sense: {self._garbage:,}")
        return found

    def _main_axis(self) -> str:
        """Return the metric that is the axis of all, where it counts steps as a row's step does.

        So it is with Lightning and Transformers, which count optimiser steps by one.
        """
        axis = self._axes.get(_ALL, STEP)
        counted = [numbers[axis] for _, _, numbers in self._rows if axis in numbers]
        everywhere = len(counted) == len([row for row in self._rows if row[2]]) > 0
        whole_steps = all(0 <= one < COUNTED and one == int(one) for one in counted)
        return axis if everywhere and whole_steps and counted == sorted(counted) else STEP

    def _axis_of(self, name: str) -> str:
        """Return the axis of a metric: its own, or that of the first pattern which it fits."""
        if name in self._axes:
            return self._axes[name]
        fitting = (axis for pattern, axis in self._axes.items() if fnmatchcase(name, pattern))
        return next(fitting, STEP)


def _items(items: Sequence[Message]) -> dict[tuple[str, ...], Any]:
    return dict(_pairs(items))


def _pairs(items: Sequence[Message]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the values of items, by the keys that lead to them."""
    for item in items:
        nested = tuple(key.decode("utf-8", "replace") for key in blobs(item, _NESTED)[:DEEPEST])
        yield nested or (text(item, _KEY),), _value(blob(item, _JSON))


def _leaves(items: Items) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the values of items, those inside of a table one by one."""
    for path, value in items.items():
        if isinstance(value, dict):
            yield from _leaves({(*path, key): one for key, one in value.items()})
        else:
            yield path, value


def _value(content: bytes) -> Any:
    """Return the value of JSON; `-0` is a float there, as Python's own `-0.0` is written."""
    if content.count(b"[") + content.count(b"{") > DEEPEST:
        load_json(content)  # refuses what is too deep to be walked through
    return json.loads(content, parse_int=_number) if content else None


def _number(digits: str) -> int | float:
    return float(digits) if digits == "-0" else int(digits)


def _put(table: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Put a value in a table of tables."""
    *above, name = path
    for key in above:
        inside = table.setdefault(key, {})
        if not isinstance(inside, dict):
            return
        table = inside
    table[name] = value
