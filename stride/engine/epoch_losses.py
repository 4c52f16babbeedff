"""Keep an epoch's losses on the device, and read them all at once when a report is due."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import torch
from torch import Tensor

from stride.distributed import gather_numbers, rank
from stride.engine.fingerprint import Fingerprint
from stride.metrics.base import Metric, compute_over_ranks, exact_type
from stride.models.losses import Size
from stride.models.model import Step

_HELD_STEPS = 32
_HELD_NUMBERS = 1 << 20


class EpochLosses:
    """The losses of an epoch, and its accuracy where the model gives outputs and targets.

    Adding a step appends to lists: no arithmetic, no wait for the device. Sums are in double
    precision and weighted by the sizes of the steps. They are of this process; `read`,
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
        self._accuracy = accuracy
        self._copies = copies
        self._fingerprint = fingerprint or Fingerprint()
        self.reset()

    def rate_nothing(self) -> None:
        """Give no accuracy from now on."""
        self._accuracy = None

    def reset(self) -> None:
        """Begin an epoch."""
        self._losses: list[Tensor] = []
        self._sizes: list[Size] = []
        self._outputs: list[Tensor] = []
        self._targets: list[Tensor] = []
        self._held = 0
        self._rated = False
        self._sums = {"epoch_loss": 0.0, "epoch_size": 0, "report_loss": 0.0, "report_size": 0}
        self._steps = 0
        self._bad: int | None = None
        self._known: _OverRanks | None = None
        if self._accuracy is not None:
            self._accuracy.reset()

    def add(self, step: Step) -> None:
        """Take the loss of one update."""
        self._losses.append(step.loss.detach())
        self._sizes.append(step.size)
        if self._accuracy is None:
            return
        if isinstance(step.outputs, Tensor) and isinstance(step.targets, Tensor):
            self._hold(step.outputs, step.targets)
        elif isinstance(step.outputs, list):
            for outputs, targets in zip(step.outputs, step.targets, strict=True):
                self._hold(outputs, targets)

    def skip(self) -> None:
        """Leave out a step whose loss is not finite; the fingerprint has it even so."""
        self._drain()
        self._fingerprint.add_losses(torch.tensor([math.nan]))

    def _hold(self, outputs: Tensor, targets: Tensor) -> None:
        # One large comparison costs what one small one costs: outputs wait for company.
        self._outputs.append(outputs.detach())
        self._targets.append(targets.clone() if self._copies else targets)
        self._held += outputs.numel()
        if len(self._outputs) >= _HELD_STEPS or self._held >= _HELD_NUMBERS:
            self._rate()

    def _rate(self) -> None:
        if self._accuracy is None or not self._outputs:
            return
        outputs, targets = concatenate(self._outputs), concatenate(self._targets)
        if isinstance(outputs, Tensor) and isinstance(targets, Tensor):
            pairs = [(outputs, targets)]
        else:
            pairs = list(zip(self._outputs, self._targets, strict=True))
        self._outputs, self._targets, self._held = [], [], 0
        for some, theirs in pairs:
            self._accuracy.update(Step(some.new_zeros(()), len(some), some, theirs))
        self._rated = True

    def _drain(self) -> None:
        """Wait for the device and move the losses held into the sums."""
        if not self._losses:
            return
        losses, sizes = torch.stack(self._losses), _numbers(self._sizes)
        if not all(sizes):  # the mean of nothing is no number, and counts nothing
            losses[[size == 0 for size in sizes]] = 0
        self._fingerprint.add_losses(losses)
        values = losses.tolist()
        self._losses, self._sizes = [], []
        self._note_bad(values)
        for span in ("epoch", "report"):
            total = self._sums[f"{span}_loss"]
            # One by one: the sum has the same bits however often the losses were read meanwhile.
            for value, size in zip(values, sizes, strict=True):
                total += value * size
            self._sums[f"{span}_loss"] = total
            self._sums[f"{span}_size"] += sum(sizes)

    def _note_bad(self, values: list[float]) -> None:
        if self._bad is None:
            bad = (i for i, value in enumerate(values) if not math.isfinite(value))
            self._bad = next((self._steps + i for i in bad), None)
        self._steps += len(values)

    def read(self) -> float:
        """Wait for the device; return the mean loss since the last reading, per sample."""
        known = self._over_ranks()
        self._sums["report_loss"], self._sums["report_size"] = 0.0, 0
        self._known = replace(known, report_loss=math.nan)
        return known.report_loss

    def first_nonfinite(self) -> tuple[int, int] | None:
        """Return which of the epoch's losses is the first that is not finite, of how many."""
        bad = self._over_ranks().bad
        return None if bad is None else (bad, self._steps)

    def epoch_values(self) -> dict[str, float]:
        """Return `train/epoch_loss` and, where it is known, `train/epoch_accuracy`."""
        known = self._over_ranks()
        self._rate()
        values = {"train/epoch_loss": known.epoch_loss}
        if self._accuracy is not None and known.rated:
            values["train/epoch_accuracy"] = compute_over_ranks(self._accuracy)
        return values

    def _over_ranks(self) -> "_OverRanks":
        """Return what all ranks know together; they are asked once for a step."""
        self._drain()
        if self._known is None or self._known.steps != self._steps:
            self._known = _OverRanks.of(
                self._steps, self._sums, self._bad, self._rated or bool(self._outputs)
            )
        return self._known

    def state_dict(self) -> dict[str, Any]:
        """Return the sums of the epoch so far."""
        self._drain()
        self._rate()
        accuracy = {} if self._accuracy is None else self._accuracy.state_dict()
        counts = {"steps": self._steps, "bad": self._bad, "rated": self._rated}
        return {"sums": dict(self._sums), **counts, "accuracy": accuracy}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with the sums of an epoch begun elsewhere."""
        self.reset()
        self._sums, self._rated = dict(state["sums"]), state["rated"]
        self._steps, self._bad = state["steps"], state["bad"]
        if self._accuracy is not None and state["accuracy"]:
            self._accuracy.load_state_dict(state["accuracy"])

    def load_others(self, states: Sequence[dict[str, Any]]) -> None:
        """Go on with the sums of another number of ranks: they are rank 0's from now on."""
        first = states[0]
        bad = min((s["bad"] for s in states if s["bad"] is not None), default=None)
        if rank() > 0:
            self.reset()
            self._steps, self._bad = first["steps"], bad
            return
        sums = {key: sum(state["sums"][key] for state in states) for key in first["sums"]}
        rated = any(state["rated"] for state in states)
        self.load_state_dict({**first, "sums": sums, "bad": bad, "rated": rated})
        if self._accuracy is not None and rated:
            self._accuracy.merge([state["accuracy"] for state in states])


@dataclass(frozen=True)
class _OverRanks:
    """What the tallies of all ranks come to, after so many steps of the epoch."""

    steps: int
    report_loss: float
    epoch_loss: float
    bad: int | None
    rated: bool

    @classmethod
    def of(cls, steps: int, sums: Mapping[str, float], bad: int | None, rated: bool) -> Self:
        rows = gather_numbers([*sums.values(), math.inf if bad is None else bad, rated])
        epoch_loss, epoch_size, report_loss, report_size, bads, rates = zip(*rows, strict=True)
        first = min(bads)
        return cls(
            steps,
            _mean(sum(report_loss), sum(report_size)),
            _mean(sum(epoch_loss), sum(epoch_size)),
            None if first == math.inf else int(first),
            any(rates),
        )


def concatenate(tensors: Sequence[Tensor]) -> Tensor | list[Tensor]:
    """Return tensors end to end, or as they are where their samples differ in shape."""
    if len({tensor.shape[1:] for tensor in tensors}) > 1:
        return list(tensors)
    return torch.cat(list(tensors))


def _numbers(sizes: Sequence[Size]) -> list[float]:
    """Read all sizes at once."""
    tensors = [size for size in sizes if isinstance(size, Tensor)]
    read = iter(torch.stack([t.to(exact_type(t)) for t in tensors]).tolist() if tensors else ())
    return [next(read) if isinstance(size, Tensor) else float(size) for size in sizes]


def _mean(total: float, size: float) -> float:
    return total / size if size else math.nan
