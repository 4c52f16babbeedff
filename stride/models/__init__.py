"""Networks, criteria, and the Model that gives the loop its steps."""

from stride.models.build import (
    as_model,
    build_criterion,
    build_model,
    build_network,
    resolve_criterion,
    resolve_model,
)
from stride.models.initial import load_initial
from stride.models.model import Model, Step, as_step, batch_size

__all__ = [
    "Model",
    "Step",
    "as_model",
    "as_step",
    "batch_size",
    "build_criterion",
    "build_model",
    "build_network",
    "load_initial",
    "resolve_criterion",
    "resolve_model",
]
