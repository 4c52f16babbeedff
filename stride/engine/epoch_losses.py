"""Keep an epoch's losses on the device, and read them all at once when a report is due."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Self

import torch
from torch import Tensor

from stride.config.metrics import GRAD_NORM
from stride.distributed import gather_numbers, rank, world_size
from stride.engine.fingerprint import Fingerprint
from stride.metrics.averages import Average, sums_over_ranks
from stride.metrics.base import Metric
from stride.metrics.names import named_numbers, require_no_clash
from stride.metrics.pooled import PooledMetric
from stride.metrics.step_numbers import held, numbers_of
from stride.models.losses import Size, Value
from stride.models.steps.step import NO_VALUES, Step, require_values


class EpochLosses:
    """The losses of an epoch, the named values of its steps, and its accuracy.

    There is an accuracy where the model gives outputs and targets. A value that some steps do not
    give is averaged over those that do.

    Adding a step appends to lists: no arithmetic, no wait for the device. What is on the CPU is
    read at once: numbers are held for less than tensors. Sums are in double precision and weighted
    by the sizes of the steps. They are of this process; `report_values`,
    `first_nonfinite` and `epoch_values` tell of all ranks, so that every rank has to call them.

    Args:
        accuracy: the metric that `train/epoch_accuracy` is to come from, None for none.
        copies: whether targets are copied, since a loader may fill the same tensor again.
        fingerprint: takes the losses when they are read.
    """

    def __init__(
        self,
        accuracy: Metric | None = None,
        *,
        copies: bool = False,
        fingerprint: Fingerprint | None = None,
    ) -> None:
        self._accuracy = None if accuracy is None else PooledMetric(accuracy, copies=copies)
        self._fingerprint = fingerprint or Fingerprint()
        self._alone = world_size() == 1
        self.reset()

    def rate_nothing(self) -> None:
        """Give no accuracy from now on."""
        self._accuracy = None

    def reset(self) -> None:
        """Begin an epoch."""
        self._losses: list[Value] = []
        self._dtype = torch.float32
        self._sizes: list[Size] = []
        self._values: list[Mapping[str, Value]] = []
        self._averages = {"loss": Average()}
        self._steps = 0
        self._bad: int | None = None
        self._known: _Known | None = None
        if self._accuracy is not None:
            self._accuracy.reset()

    def add(self, step: Step) -> None:
        """Take the loss and the values of one update, before it moves the weights."""
        loss, values = step.loss, step.values
        if not self._losses:
            self._dtype = loss.dtype
        self._losses.append(loss.item() if loss.is_cpu else loss.detach())
        self._sizes.append(held(step.size))
        self._values.append({n: held(v) for n, v in values.items()} if values else NO_VALUES)
        if self._accuracy is None:
            return
        if isinstance(step.outputs, Tensor) and isinstance(step.targets, Tensor):
            self._accuracy.add(step.outputs, step.targets)
        elif isinstance(step.outputs, list):
            for outputs, targets in zip(step.outputs, step.targets, strict=True):
                self._accuracy.add(outputs, targets)

    def note_norm(self, norm: Tensor) -> None:
        """Take the norm of the gradients of the update added last; of several the first."""
        self._fingerprint.add_norm(norm)
        if self._values:
            self._values[-1] = {GRAD_NORM: norm, **self._values[-1]}

    def skip(self) -> None:
        """Leave out a step whose loss is not finite; the fingerprint has it even so."""
        self._drain()
        self._fingerprint.add_losses([math.nan], torch.float32)

    def _drain(self) -> None:
        """Wait for the device and move the losses held into the sums."""
        if not self._losses:
            return
        values, sizes = numbers_of(self._losses), numbers_of(self._sizes)
        if not all(sizes):  # the mean of nothing is no number, and counts nothing
            values = [value if size else 0.0 for value, size in zip(values, sizes, strict=True)]
        self._fingerprint.add_losses(values, self._dtype)
        self._note_bad(values)
        self._averages["loss"].add(values, sizes)
        if any(self._values):
            for name in dict.fromkeys(chain.from_iterable(self._values)):
                self._drain_values(name, sizes)
        self._losses, self._sizes, self._values = [], [], []

    def _drain_values(self, name: str, sizes: Sequence[float]) -> None:
        values = [given[name] for given in self._values if name in given]
        weights = [size for given, size in zip(self._values, sizes, strict=True) if name in given]
        if name not in self._averages:
            self._begin(name, values[0])
        try:
            numbers = numbers_of(values)
        except (RuntimeError, TypeError, ValueError):
            for value in values:
                require_values({name: value})
            raise
        self._averages[name].add(numbers, weights)

    def _begin(self, name: str, value: Value) -> None:
        if name != GRAD_NORM:
            require_values({name: value})
            require_no_clash([name], [] if self._accuracy is None else ["accuracy"])
        self._averages[name] = Average()

    def _note_bad(self, values: list[float]) -> None:
        if self._bad is None and not math.isfinite(sum(values)):
            bad = (i for i, value in enumerate(values) if not math.isfinite(value))
            self._bad = next((self._steps + i for i in bad), None)
        self._steps += len(values)

    def report_values(self) -> dict[str, float]:
        """Wait for the device; return `train/loss` and its like, means since the last reading.

        Raises:
            DataError: a step gave a value that is not one number, or cannot be called so.
        """
        known = self._over_ranks()
        sums = {} if known.is_reported else known.sums
        report = {f"train/{n}": total / size for n, (*_, total, size) in sums.items() if size}
        known.is_reported = True
        for average in self._averages.values():
            average.begin_report()
        return {"train/loss": math.nan} | report

    def first_nonfinite(self) -> tuple[int, int] | None:
        """Return which of the epoch's losses is the first that is not finite, of how many."""
        bad = self._over_ranks().bad
        return None if bad is None else (bad, self._steps)

    def epoch_values(self) -> dict[str, float]:
        """Return `train/epoch_loss` and its like and, where known, `train/epoch_accuracy`."""
        known = self._over_ranks()
        sums = known.sums
        means = {f"train/epoch_{n}": total / size for n, (total, size, *_) in sums.items() if size}
        values = {"train/epoch_loss": math.nan} | means
        if self._accuracy is not None and known.rated:
            rated = named_numbers("accuracy", self._accuracy.compute_over_ranks())
            values |= {f"train/epoch_{name}": number for name, number in rated.items()}
        return values

    @property
    def _rated(self) -> bool:
        return self._accuracy is not None and self._accuracy.is_fed

    def _over_ranks(self) -> "_Known":
        """Return what all ranks know together; they are asked once for a step."""
        self._drain()
        if self._known is None or self._known.steps != self._steps:
            sums = {name: average.sums for name, average in self._averages.items()}
            own = _Known(self._steps, sums, self._bad, self._rated)
            self._known = own if self._alone else own.over_ranks()
        return self._known

    def state_dict(self) -> dict[str, Any]:
        """Return the sums of the epoch so far."""
        self._drain()
        accuracy = {} if self._accuracy is None else self._accuracy.state_dict()
        counts = {"steps": self._steps, "bad": self._bad, "rated": self._rated}
        sums = {name: average.state_dict() for name, average in self._averages.items()}
        return {"sums": sums.pop("loss"), "values": sums, **counts, "accuracy": accuracy}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with the sums of an epoch begun elsewhere."""
        self.reset()
        self._averages = _averages([state])
        self._steps, self._bad = state["steps"], state["bad"]
        if self._accuracy is not None and state["accuracy"]:
            self._accuracy.load_state_dict(state["accuracy"], is_fed=state["rated"])

    def load_others(self, states: Sequence[dict[str, Any]]) -> None:
        """Go on with the sums of another number of ranks: they are rank 0's from now on."""
        first = states[0]
        bad = min((s["bad"] for s in states if s["bad"] is not None), default=None)
        if rank() > 0:
            self.reset()
            self._steps, self._bad = first["steps"], bad
            return
        rated = any(state["rated"] for state in states)
        self.load_state_dict({**first, "bad": bad, "rated": rated})
        self._averages = _averages(states)
        if self._accuracy is not None and rated:
            self._accuracy.metric.merge([state["accuracy"] for state in states])


@dataclass
class _Known:
    """What the losses of some ranks come to after so many steps of the epoch, with their sums."""

    steps: int
    sums: Mapping[str, Sequence[float]]
    bad: int | None
    rated: bool
    is_reported: bool = False

    def over_ranks(self) -> Self:
        """Return what all ranks know together."""
        values = {name: sums for name, sums in self.sums.items() if name != "loss"}
        marks = (math.inf if self.bad is None else self.bad, self.rated, len(values))
        rows = gather_numbers([*self.sums["loss"], *marks])
        *loss, bads, rates, counts = zip(*rows, strict=True)
        sums = {"loss": [sum(column) for column in loss]}
        if any(counts):  # so all ranks know whether some has values, and ask together
            sums |= sums_over_ranks(values)
        bad = None if min(bads) == math.inf else int(min(bads))
        return replace(self, sums=sums, bad=bad, rated=any(rates))


def _averages(states: Sequence[Mapping[str, Any]]) -> dict[str, Average]:
    """Return the averages by name that the states of all ranks come to together."""
    tables = [{"loss": state["sums"], **state.get("values", {})} for state in states]
    names = dict.fromkeys(chain.from_iterable(tables))
    return {n: Average.from_states([t[n] for t in tables if n in t]) for n in names}
