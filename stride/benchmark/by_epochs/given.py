"""The trainer of the user's that a run was given, or was not."""

from abc import ABC, abstractmethod
from typing import Any, final

import torch
from torch import Tensor, nn

from stride.benchmark.data_block import DataBlock
from stride.benchmark.interface import NAMES, method
from stride.data.generators import is_stateful
from stride.errors import ComponentError
from stride.log import LOGGER
from stride.models.weights import counted


class Given(ABC):
    """What trains the epochs of a run.

    Attributes:
        objects: the trainer of the user's by name, where there is one.
    """

    objects: dict[str, Any]

    @abstractmethod
    def set_data_sets(self, train: DataBlock, val: DataBlock) -> None:
        """Take what is trained and validated on."""

    @abstractmethod
    def do_epoch(self, network: nn.Module) -> None:
        """Train a network for one epoch, in place."""

    @abstractmethod
    def finalize_training(self, network: nn.Module) -> None:
        """Leave in a network what the training has come to."""


@final
class NoneGiven(Given):
    """Nothing trains: the run can be read, and not gone on with."""

    def __init__(self) -> None:
        self.objects = {}

    def set_data_sets(self, train: DataBlock, val: DataBlock) -> None:
        """Refuse to train.

        Raises:
            ComponentError: says how such a run is trained.
        """
        raise ComponentError(
            "trainer=by_epochs trains by an object that only Python can give",
            where="trainer",
            hint="in Python: stride.run_benchmark(..., trainer=one that is made alike, resume=RUN)",
        )

    def do_epoch(self, network: nn.Module) -> None:
        """Do nothing: it is never come to."""

    def finalize_training(self, network: nn.Module) -> None:
        """Do nothing, likewise."""


@final
class GivenTrainer(Given):
    """A trainer of the user's, whose methods are called by either of their names.

    It may train another object than the network that it is given, and return that: then weights
    are copied to and fro.

    Args:
        trainer: has the methods in `stride.benchmark.interface.NAMES`.

    Raises:
        ComponentError: it lacks one, or is a class.
    """

    NAME = "given_trainer"

    def __init__(self, trainer: Any) -> None:
        if isinstance(trainer, type):
            what, hint = f"{trainer.__name__} is a class", "give an object of it, which has a model"
            raise ComponentError(what, where="trainer", hint=hint)
        self._call = {name: method(trainer, name) for name in NAMES}
        self._trainer = trainer
        self._returned: nn.Module | None = None  # where that is not the network itself
        self._has_trained = False
        self.objects = {self.NAME: trainer}

    @property
    def is_stateful(self) -> bool:
        """Tell whether it says and sets its whole state by itself."""
        return is_stateful(self._trainer)

    def set_data_sets(self, train: DataBlock, val: DataBlock) -> None:
        """Give it what is trained and validated on."""
        self._call["set_data_sets"](train, val)

    def do_epoch(self, network: nn.Module) -> None:
        """Train the network for one epoch; warn where the first one has changed no weight.

        Raises:
            ComponentError: what it returns is no model, or has other weights.
        """
        before = [] if self._has_trained else _weights(network)
        self._train("do_epoch", network)
        self._has_trained = True
        if before and all(map(torch.equal, before, _weights(network))):
            where = f"{type(self._trainer).__name__}.do_epoch"
            LOGGER.warning("%s has changed no weight of its model: does it train another?", where)

    def finalize_training(self, network: nn.Module) -> None:
        """Leave in the network what the training has come to.

        Raises:
            ComponentError: as in `do_epoch`.
        """
        self._train("finalize_training", network)

    def _train(self, name: str, network: nn.Module) -> None:
        model = network
        if self._returned is not None:
            model = self._returned
            model.load_state_dict(network.state_dict())  # which a history may have exchanged
        returned = self._call[name](model)
        where = f"{type(self._trainer).__name__}.{name}"
        if not isinstance(returned, nn.Module):
            what = f"it returns {type(returned).__name__}, not the model"
            raise ComponentError(what, where=where, hint="write: return model")
        if returned is not network:
            self._returned = returned
            _copy(returned, network, where)


def _weights(network: nn.Module) -> list[Tensor]:
    """Return copies of all parameters, wherever the network is."""
    return [weight.detach().cpu().clone() for weight in network.parameters()]


def _copy(source: nn.Module, network: nn.Module, where: str) -> None:
    """Copy the weights of the model that an epoch has left into the network of the run."""
    weights, own = source.state_dict(), network.state_dict()
    if wrong := sorted(weights.keys() ^ own.keys()):
        names = counted("weights", wrong)
        what = f"it returns another model, {type(source).__name__}: only one of the two has {names}"
        raise ComponentError(what, where=where, hint="return the model that was given, or a copy")
    network.load_state_dict(weights)
