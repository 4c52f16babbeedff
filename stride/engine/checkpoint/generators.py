"""Read and set the state of random generators, and of whatever has a state dict."""

import random
from typing import Any

import numpy as np
import torch
from torch.optim import Optimizer

from stride.engine.optim import OptimizerState

GENERATORS = (torch.Generator, np.random.Generator, np.random.RandomState, random.Random)


def is_stateful(thing: Any) -> bool:
    """Tell whether an object gives and takes a state dict."""
    if isinstance(thing, type):
        return False
    return all(callable(getattr(thing, name, None)) for name in ("state_dict", "load_state_dict"))


def state_of(thing: Any) -> Any:
    """Return the state of a generator, or of an object that has a state dict."""
    if isinstance(thing, torch.Generator):
        return thing.get_state()
    if isinstance(thing, np.random.Generator):
        return thing.bit_generator.state
    if isinstance(thing, np.random.RandomState):
        return thing.get_state(legacy=False)
    if isinstance(thing, random.Random):
        return thing.getstate()
    return thing.state_dict()


def set_state(thing: Any, state: Any) -> None:
    """Set the state of a generator, or of an object that has a state dict."""
    if isinstance(thing, torch.Generator):
        thing.set_state(state)
    elif isinstance(thing, np.random.Generator):
        thing.bit_generator.state = state
    elif isinstance(thing, np.random.RandomState):
        thing.set_state(state)
    elif isinstance(thing, random.Random):
        thing.setstate(state)
    elif isinstance(thing, Optimizer):
        OptimizerState(thing).load_state_dict(state)
    else:
        thing.load_state_dict(state)
