"""What becomes of the weights after an epoch that made the validation loss no better."""

import copy
from collections.abc import Mapping
from typing import Any

from torch.optim import Optimizer

from stride.engine.optim.optimizers import part_name
from stride.engine.optim.state import OptimizerState
from stride.trainer.fit.session import Session


class History:
    """Go on from the best weights so far wherever an epoch has left worse ones, as a part of state.

    The weights are copied in place: optimisers and packs keep the tensors that they hold.

    Args:
        session: as it was built, before anything is restored.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        config = session.assembly.config.reconstruction_config
        self._swaps, self._option = config.history == "swap", config.optimizer_state
        self._of_best: dict[str, Any] = {}  # by part: what its optimiser knew of each parameter

    def note(self, metrics: Mapping[str, float]) -> None:
        """Keep what the optimisers know where an evaluation is the best so far, if that is wanted.

        To be called before the best weights are taken.
        """
        if self._swaps and self._option == "restore" and self._compare(metrics) < 0:
            known = {part: one.state_dict()["state"] for part, one in self._optimizers()}
            self._of_best = copy.deepcopy(known)

    def go_on(self, metrics: Mapping[str, float]) -> bool:
        """Exchange the weights for the best ones if theirs was the lower loss; tell whether so.

        Args:
            metrics: of the evaluation after an epoch.
        """
        if not self._swaps or self._compare(metrics) <= 0:
            return False
        self._session.callbacks.best.restore(self._session.assembly.model)
        for part, optimizer in self._optimizers():
            if self._option == "reset":
                optimizer.state.clear()
            elif self._option == "restore":
                _restore(optimizer, copy.deepcopy(self._of_best[part]))
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

    def _optimizers(self) -> list[tuple[str, Optimizer]]:
        optimizers = self._session.optimizers
        return [(part_name("optimizer", name), one) for name, one in optimizers.items()]

    def state_dict(self) -> dict[str, Any]:
        """Return what the optimisers knew of the best weights."""
        return {"optimizers": self._of_best}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take it."""
        self._of_best = state["optimizers"]


def _restore(optimizer: Optimizer, known: Mapping[int, Any]) -> None:
    """Let an optimiser know this of its parameters; its rates stay those of the schedule."""
    groups = optimizer.state_dict()["param_groups"]
    OptimizerState(optimizer).load_state_dict({"state": known, "param_groups": groups})
