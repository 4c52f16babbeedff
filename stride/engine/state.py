"""Gather everything that resuming needs in one object with `state_dict`."""

from typing import Any, Protocol

from stride.engine.tally import Tally


class Stateful(Protocol):
    """Whatever can give and take its state."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state."""

    def load_state_dict(self, state: dict[str, Any], /) -> Any:
        """Take the state."""


class TrainState:
    """Where a training stands, and the parts that a checkpoint holds.

    Attributes:
        step: optimiser updates done.
        epoch: completed epochs.
        position: samples consumed in the current epoch, over all processes.
        settled: the last step whose hooks have all run, 0 outside of an epoch's batches; what was
            logged up to it can be written from another thread.
        parts: everything else, by name; each has `state_dict` and `load_state_dict`.
    """

    __slots__ = ("epoch", "parts", "position", "settled", "step")

    def __init__(self, **parts: Stateful) -> None:
        self.step = 0
        self.epoch = 0
        self.position = 0
        self.settled = 0
        self.parts = parts

    def is_finite(self) -> bool:
        """Tell whether all losses of the epoch so far are finite (waits for the device)."""
        tally = self.parts.get("tally")
        return not isinstance(tally, Tally) or tally.first_nonfinite() is None

    def state_dict(self) -> dict[str, Any]:
        """Return counters and the state of every part, by name."""
        counters = {"step": self.step, "epoch": self.epoch, "position": self.position}
        return {"counters": counters, **{k: v.state_dict() for k, v in self.parts.items()}}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take counters and the state of every part.

        Raises:
            KeyError: a part is missing in the state.
        """
        for name, part in self.parts.items():
            part.load_state_dict(state[name])
        counters = state["counters"]
        self.step, self.epoch = counters["step"], counters["epoch"]
        self.position = counters["position"]
