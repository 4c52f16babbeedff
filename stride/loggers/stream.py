"""Buffer logged values by step and pass them to the sinks as rows every half second."""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor

from stride.config.metrics import RESERVED, as_number
from stride.engine.state import TrainState
from stride.errors import RunError
from stride.periodic import PeriodicTask

_SECONDS_BETWEEN_FLUSHES = 0.5

Row = dict[str, Any]


class MetricsStream:
    """Buffer values within a step for the price of an append; build rows outside of it.

    Rows are the same however long steps take: the background thread takes whole steps only, those
    up to `state.hooks_done_step`; everything else is written where the training calls `flush`. A
    tensor on an accelerator is copied there and read when its row is made, by the thread, so that
    the step does not wait for the device.

    Args:
        state: gives step and epoch of a value.
        sinks: each is called with every list of rows, in order.
    """

    def __init__(self, state: TrainState, sinks: Sequence[Callable[[list[Row]], None]]) -> None:
        self._state = state
        self._sinks = sinks
        # Of a name and its value, or of None and the values of a report, which end their row.
        self._pending: deque[tuple[int, int, float, str | None, Any]] = deque()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._error: Exception | None = None
        self._writing = PeriodicTask(_SECONDS_BETWEEN_FLUSHES, self._write_settled)

    def start(self) -> None:
        """Begin to write in the background."""
        self._writing.start()

    def log(self, name: str, value: float | Tensor) -> None:
        """Log a number, or a tensor of one, under the current step.

        Raises:
            TypeError: the value is not one number.
            ValueError: the name is one that rows have already, as `step`.
            RunError: the training has ended, and the value would be lost.
        """
        if self._ended.is_set():
            raise ended(name)
        if type(value) is not float or name in RESERVED:
            value = _kept(name, value)
        state = self._state
        self._pending.append((state.step, state.epoch, time.time(), name, value))

    def report(self, values: Mapping[str, float]) -> None:
        """Log the numbers that complete a row; what is logged after them is in another one.

        Raises:
            StrideError: a sink could not write in the background.
        """
        kept = {name: as_number(name, value) for name, value in values.items()}
        state = self._state
        self._pending.append((state.step, state.epoch, time.time(), None, kept))
        self._raise_late()

    def flush(self) -> None:
        """Write everything logged so far.

        Raises:
            StrideError: a sink could not write, now or in the background.
        """
        self._write(None)
        self._raise_late()

    def _raise_late(self) -> None:
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def forget(self) -> None:
        """Discard what is logged and not written yet."""
        with self._lock:
            self._pending.clear()

    def close(self) -> None:
        """End the background writing and write what is left."""
        self._ended.set()
        self._writing.stop()
        self.flush()

    def _write_settled(self) -> None:
        try:
            self._write(self._state.hooks_done_step)
        except Exception as error:  # raised to the training at its next report
            self._error = error

    def _write(self, last_step: int | None) -> None:
        with self._lock:
            rows: dict[tuple[int, int, int], Row] = {}
            complete = 0
            while self._pending and (last_step is None or self._pending[0][0] <= last_step):
                step, epoch, now, name, value = self._pending.popleft()
                place = (step, epoch, complete)
                row = rows.get(place)
                if row is None:
                    row = rows[place] = {"step": step, "epoch": epoch, "time": now}
                if name is None:
                    complete += 1
                    row.update(value)
                else:
                    row[name] = float(value)
            if rows:
                for sink in self._sinks:
                    sink(list(rows.values()))


def ended(name: str) -> RunError:
    """Return what a thread of the user's is told that logs on when the training is over."""
    hint = "end the thread in after_train or on_exception"
    return RunError(f"{name!r} is not kept: the training has ended", where="trainer.log", hint=hint)


def _kept(name: str, value: float | Tensor) -> float | Tensor:
    """Return a number at once, a tensor of a device as a copy: training may change it in place."""
    if isinstance(value, Tensor) and name not in RESERVED and _is_remote_number(value):
        return value.detach().clone()
    return as_number(name, value)


def _is_remote_number(tensor: Tensor) -> bool:
    return not tensor.is_cpu and tensor.numel() == 1
