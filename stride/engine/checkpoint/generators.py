"""Read and set the state of random generators, and of whatever has a state dict."""

from typing import Any

from torch.optim import Optimizer

from stride.data.generators import KINDS, own_generator
from stride.engine.optim.state import OptimizerState


def state_of(thing: Any) -> Any:
    """Return the state of a generator, or of an object that has a state dict."""
    return own_generator("", thing).read() if isinstance(thing, KINDS) else thing.state_dict()


def set_state(thing: Any, state: Any) -> None:
    """Set the state of a generator, or of an object that has a state dict."""
    if isinstance(thing, KINDS):
        own_generator("", thing).write(state)
    elif isinstance(thing, Optimizer):
        OptimizerState(thing).load_state_dict(state)
    else:
        thing.load_state_dict(state)
