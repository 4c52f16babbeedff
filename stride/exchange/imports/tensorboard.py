"""Read TensorBoard's files of events: scalars, and the hyperparameters of its plug-in for them."""

from collections.abc import Iterator
from math import inf, isfinite
from typing import Any

from stride.exchange.imports.hparams_yaml import read_hparams
from stride.exchange.imports.source import Place, SourceRun, Value, is_moment
from stride.exchange.imports.tensors import is_number, number_of
from stride.exchange.imports.tfrecords import tfrecords
from stride.exchange.imports.wire import (
    Message,
    blob,
    double,
    message,
    part,
    parts,
    single,
    text,
    whole,
)

_TIME, _STEP, _SUMMARY, _SESSION = 1, 2, 5, 7  # of an event
_VALUE, _TAG, _SIMPLE, _TENSOR, _METADATA = 1, 1, 2, 8, 9  # of a summary
_PLUGIN, _NAME, _CONTENT = 1, 1, 2
_START = 1
_SESSION_START, _HPARAMS, _KEY, _ENTRY = 3, 1, 1, 2
_NUMBER, _STRING, _TRUTH = 2, 3, 4
_OURS, _EXACT = "stride", "float64/"  # as `stride export` writes numbers beside TensorBoard's
_WHOLE = 2.0**53  # doubles beyond that may stand for several whole numbers


def read_tensorboard(place: Place) -> SourceRun:
    """Read a run of TensorBoard: a folder with files of events.

    Raises:
        RunError: a file cannot be read, or is not one of events.
        MissingExtra: there is a hparams.yaml, and ruamel.yaml is not installed.
    """
    reader = _Reader(SourceRun())
    for path in place.files:
        if path.suffix == ".yaml":
            reader.found.hyperparameters |= read_hparams(path, reader.found.tell)
            continue
        for record in tfrecords(path, reader.found.tell):
            reader.add(record)
    return reader.result()


class _Reader:
    """Gather what the events of one run say.

    Args:
        found: the run, which is filled.
    """

    def __init__(self, found: SourceRun) -> None:
        self.found = found
        self._plugins: dict[str, str] = {}  # of a tag: later events may leave it out
        self._others: set[str] = set()
        self._garbage = self._purged = 0
        self._first, self._last = inf, 0.0

    def add(self, record: bytes) -> None:
        """Take an event."""
        try:
            event = message(record)
            time = self._time(double(blob(event, _TIME)))
            step = whole(event, _STEP)
            if whole(part(event, _SESSION), 1) == _START:
                self._purge(step)
            for value in parts(part(event, _SUMMARY), _VALUE):
                self._add_value(value, step, time)
        except ValueError:
            self._garbage += 1

    def _time(self, time: float) -> float:
        """Return a moment that a row may have, the newest known one in place of nonsense."""
        if not is_moment(time):
            return self._last
        self._first = min(time, self._first)  # also of an event that only begins a file
        return time

    def _purge(self, step: int) -> None:
        """Forget what was recorded from a step on: a training that begins there does it again."""
        kept = [value for value in self.found.values if value.step < step]
        self._purged += len(self.found.values) - len(kept)
        self.found.values = kept

    def _add_value(self, value: Message, step: int, time: float) -> None:
        self._last = max(time, self._last)
        tag, plugin = text(value, _TAG), part(part(value, _METADATA), _PLUGIN)
        name = self._plugins.setdefault(tag, text(plugin, _NAME))
        if name == "hparams":
            self.found.hyperparameters |= _hyperparameters(blob(plugin, _CONTENT))
        elif _SIMPLE in value:
            self.found.values.append(Value(step, time, tag, single(blob(value, _SIMPLE))))
        elif name == _OURS and is_number(tensor := part(value, _TENSOR)):
            self._add_exact(Value(step, time, tag.removeprefix(_EXACT), number_of(tensor)))
        elif name in ("scalars", "") and is_number(tensor := part(value, _TENSOR)):
            self.found.values.append(Value(step, time, tag, number_of(tensor)))
        else:
            self._others.add(tag)

    def _add_exact(self, value: Value) -> None:
        """Put a number with all of its bits in the place of that of 32 bits before it."""
        if self.found.values and self.found.values[-1][:3] == value[:3]:
            self.found.values.pop()
        self.found.values.append(value)

    def result(self) -> SourceRun:
        """Return the run with its times, and what is to be told."""
        found = self.found
        if isfinite(self._first):
            found.created = found.started = self._first
            found.ended = max(self._last, self._first)
        if self._others:
            found.tell(f"tags of images, texts, histograms and the like: {len(self._others):,}")
        if self._purged:
            found.tell(f"numbers of steps that a later start did again: {self._purged:,}")
        if self._garbage:
            found.tell(f"records that make no sense: {self._garbage:,}")
        return found


def _hyperparameters(content: bytes) -> dict[str, Any]:
    entries = parts(part(message(content), _SESSION_START), _HPARAMS)
    return {text(entry, _KEY): value for entry in entries for value in _plain(part(entry, _ENTRY))}


def _plain(value: Message) -> Iterator[Any]:
    """Yield what a hyperparameter is; numbers are all doubles there, of whole ones too."""
    if _NUMBER in value:
        number = double(blob(value, _NUMBER))
        yield int(number) if number.is_integer() and abs(number) < _WHOLE else number
    elif _STRING in value:
        yield text(value, _STRING)
    elif _TRUTH in value:
        yield bool(whole(value, _TRUTH))
    else:
        yield None
