"""What becomes of the weights after an epoch that made the validation loss no better."""

import copy
from collections.abc import Mapping
from typing import Any

from torch.optim import Optimizer

from stride.engine.optim.optimizers import part_name
from stride.engine.optim.state import OptimizerState
from stride.trainer.fit.session import Session


class OptimizerOfBest:
    """What an optimiser knew of each parameter when the weights were the best, a part of the state.

    Args:
        optimizer: which it is of.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self._optimizer = optimizer
        self._known: dict[int, Any] = {}

    def take(self) -> None:
        """Keep what the optimiser knows now."""
        self._known = copy.deepcopy(self._optimizer.state_dict()["state"])

    def give_back(self) -> None:
        """Let the optimiser know this alone; its rates stay those of the schedule."""
        groups = self._optimizer.state_dict()["param_groups"]
        whole = {"state": copy.deepcopy(self._known), "param_groups": groups}
        OptimizerState(self._optimizer).load_state_dict(whole)

    def state_dict(self) -> dict[str, Any]:
        """Return it."""
        return {"known": self._known}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take it."""
        self._known = state["known"]


class History:
    """Go on from the best weights so far wherever an epoch has left worse ones.

    The weights are copied in place: optimisers and packs keep the tensors that they hold.

    Args:
        session: as it was built, before anything is restored.

    Attributes:
        of_best: what the optimisers knew of the best weights, by the names of parts of the state:
            with those of their optimisers in front, so that a fork leaves out both.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        config = session.assembly.config.reconstruction_config
        self._swaps, self._option = config.history == "swap", config.optimizer_state
        self.of_best = {
            f"{part_name('optimizer', name)}-best": OptimizerOfBest(one)
            for name, one in session.optimizers.items()
        }

    def note(self, metrics: Mapping[str, float]) -> None:
        """Keep what the optimisers know where an evaluation is the best so far, if that is wanted.

        To be called before the best weights are taken.
        """
        if self._swaps and self._option == "restore" and self._compare(metrics) < 0:
            for one in self.of_best.values():
                one.take()

    def go_on(self, metrics: Mapping[str, float]) -> bool:
        """Exchange the weights for the best ones if theirs was the lower loss; tell whether so.

        Args:
            metrics: of the evaluation after an epoch.
        """
        if not self._swaps or self._compare(metrics) <= 0:
            return False
        self._session.callbacks.best.restore(self._session.assembly.model)
        if self._option == "reset":
            for optimizer in self._session.optimizers.values():
                optimizer.state.clear()
        elif self._option == "restore":
            for one in self.of_best.values():
                one.give_back()
        return True

    def _compare(self, metrics: Mapping[str, float]) -> int:
        """Return -1 where a loss is lower than the lowest so far, 1 where it is higher, else 0."""
        callbacks = self._session.callbacks
        monitor, best = callbacks.monitor, callbacks.best.best.value
        value = metrics.get(monitor.metric)
        if value is None:
            return 0
        if monitor.improves(value, best):
            return -1
        return int(best is not None and value != best)  # NaN is higher than any number
