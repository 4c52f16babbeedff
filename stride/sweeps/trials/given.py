"""What a trainer was given from Python: each run of a sweep begins with it as it was."""

import hashlib
import json
from copy import deepcopy
from typing import Any

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from stride.data.generators import is_stateful
from stride.engine.checkpoint.gathered_weights import weights_digest
from stride.models.model import Model
from stride.trainer.fit.component_sources import sources_of, used_by_network
from stride.trainer.trainer import Trainer


class GivenParts:
    """Keep the model and the callbacks' states of a trainer, for each of its runs to begin with.

    A run trains a copy of the model: what the user holds stays as it was given.

    Args:
        trainer: that is to train several runs.
    """

    def __init__(self, trainer: Trainer) -> None:
        self._builder = trainer.builder
        self._model = trainer.builder.given.model
        callbacks: list[Any] = [*trainer.builder.callbacks]
        self._states = [(c, deepcopy(c.state_dict())) for c in callbacks if is_stateful(c)]

    def renew(self) -> None:
        """Let the next run begin with them."""
        if self._model is not None:
            self._builder.given.model = deepcopy(self._model)
            self._builder.mark_used()
        for callback, state in self._states:
            callback.load_state_dict(deepcopy(state))

    def put_back(self) -> None:
        """Give the trainer the user's own model again."""
        self._builder.given.model = self._model


def given_digest(trainer: Trainer) -> str:
    """Return the SHA-256 of code and weights of a trainer's own model, empty where it has none.

    Weights that a network has only once it has seen data are left out, and so are callbacks: they
    observe.
    """
    model = trainer.builder.given.model
    if model is None:
        return ""
    network = model.network if isinstance(model, Model) else model
    sources = sources_of({"model": type(model), **used_by_network(network)})
    content = json.dumps([sources, repr(network), _weights(network)], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _weights(network: nn.Module) -> str:
    state = network.state_dict()
    known = {k: one for k, one in state.items() if isinstance(one, Tensor) and not is_lazy(one)}
    return weights_digest(known)
