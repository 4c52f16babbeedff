"""The statistics of observations, where these are normalised: they go with the weights."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stride.callbacks.base import Callback
from stride.callbacks.protocols import TrainerLike
from stride.data import Normalization
from stride.errors import ComponentError
from stride.models.model import CRITERION
from stride.rl.algorithms.algorithm import Algorithm
from stride.rl.environments import Environments
from stride.rl.environments.refusals import KEY
from stride.runs.layout import FORMAT_VERSION
from stride.trainer.fit.session import Session

SHIFT, SCALE = "observation_shift", "observation_scale"


class Statistics:
    """Mean and deviation of observations as tensors of an algorithm, which its weights go with.

    So the best weights are evaluated by the statistics that they had.

    Args:
        algorithm: gets the tensors, of float64.
        environments: whose observations are normalised.
        normalization: what they are to begin with; None: mean 0 and deviation 1.

    Raises:
        ComponentError: that is of observations of another size.
    """

    def __init__(
        self,
        algorithm: Algorithm,
        environments: Environments,
        normalization: Normalization | None = None,
    ) -> None:
        self._algorithm, self._environments = algorithm, environments
        shape = environments.spaces.observation_shape
        given = normalization or Normalization("standard", (0.0,), (1.0,))
        count = int(np.prod(shape))
        if len(given.shift) not in (1, count):
            what = f"there are statistics of {len(given.shift)} numbers of observations"
            hint = f"{KEY} shows {count}: name an environment that shows as many"
            raise ComponentError(what, where=KEY, hint=hint)
        for name, numbers in ((SHIFT, given.shift), (SCALE, given.scale)):
            values = np.broadcast_to(np.array(numbers), (count,)).reshape(shape)
            algorithm.criterion.register_buffer(name, torch.tensor(values, dtype=torch.float64))

    def update(self) -> None:
        """Take what the environments have seen so far."""
        seen = self._environments.normalization.statistics()["observations"]
        if seen["count"] > 1:
            scale = np.sqrt(seen["squares"] / seen["count"])
            for name, values in ((SHIFT, seen["mean"]), (SCALE, scale)):
                getattr(self._algorithm.criterion, name).copy_(torch.as_tensor(values))


class NoStatistics:
    """Stand for those of observations that are as the environments give them."""

    def update(self) -> None:
        """Do nothing."""


def statistics_of(state: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what environments that evaluate are given, by an algorithm's state.

    None where observations are not normalised.
    """
    if CRITERION + SHIFT not in state:
        return None
    shift, scale = _arrays(state)
    none = {"count": 0, "mean": np.zeros(()), "squares": np.zeros(())}
    observations = {"count": 2, "mean": shift, "squares": 2 * np.square(scale)}
    return {"observations": observations, "rewards": none}


def _arrays(state: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    shift, scale = (state[CRITERION + name] for name in (SHIFT, SCALE))
    assert isinstance(shift, Tensor) and isinstance(scale, Tensor)
    return shift.cpu().numpy(), scale.cpu().numpy()


class KeptStatistics(Callback):
    """Write normalization.json, by which the run's weights see what they have learnt to see.

    Args:
        session: of a training whose observations are normalised.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._written: dict[str, Any] = {}

    def after_epoch(self, trainer: TrainerLike, metrics: dict[str, float]) -> None:
        """Write the statistics of the best weights, where these are others now."""
        self.write()

    def write(self) -> None:
        """Write those of the best weights so far; where none are kept, of the last ones."""
        best = self._session.callbacks.best.state_dict()["weights"]
        shift, scale = _arrays(best or self._session.assembly.model.state_dict())
        values = Normalization("standard", tuple(shift.ravel()), tuple(scale.ravel())).to_json()
        if values != self._written:
            run = self._session.run
            run.commit(run.paths.normalization, {"format_version": FORMAT_VERSION, **values})
            self._written = values
