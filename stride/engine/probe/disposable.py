"""Give a model that may be changed, leaving no trace."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

from stride.models.model import Model
from stride.models.weights import clone_state


@contextmanager
def disposable(model: Model) -> Iterator[Model]:
    """Give a copy of the model; where it cannot be copied, the model itself, put back after."""
    try:
        copied = copy.deepcopy(model)
    except Exception:  # a weight that follows from others, a lock, no memory
        copied = model
    before = clone_state(model.state_dict()) if copied is model else {}
    training = model.network.training
    try:
        yield copied
    finally:
        if copied is model:
            model.load_state_dict(before)
            model.train(training)
            for parameter in model.parameters():
                parameter.grad = None
