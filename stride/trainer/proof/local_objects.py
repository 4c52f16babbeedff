"""Know what a new process could not build again, and whether this one may be forked for it."""

import os
from collections.abc import Iterator, Sequence

import torch

from stride.components import find
from stride.config.schema import Config
from stride.config.values import flatten, plain
from stride.engine.device import resolve_device
from stride.errors import UserError
from stride.trainer.flow import Trainable


def local_objects(trainer: Trainable) -> Iterator[str]:
    """Yield the names of the parts of a training that this process alone has."""
    builder, made_by = trainer.builder, type(trainer)
    config = builder.resolved.config
    if builder.given.model is not None:
        yield "the model"
    yield from (f"{split}_loader" for split in builder.given.loaders)
    if builder.callbacks:
        yield "callbacks"
    if config.trainer.startswith("__main__:") or made_by is not find("trainer", config.trainer):
        yield f"the class {made_by.__name__}"
    for key, value in flatten(plain(config)):
        values = value if isinstance(value, list) else [value]
        if any(isinstance(one, str) and one.startswith("__main__:") for one in values):
            yield key


def require_fork(objects: Sequence[str], config: Config) -> None:
    """Refuse objects of this process where it cannot be forked.

    Raises:
        UserError: says why not.
    """
    reason = _why_not(config)
    if reason:
        raise UserError(
            f"a new process cannot build what was given from Python ({', '.join(objects)}), and "
            f"this one cannot be forked: {reason}",
            hint="give import paths in the config instead, or device=cpu for this check",
        )


def _why_not(config: Config) -> str:
    if not hasattr(os, "fork"):
        return "the system has no fork"
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        return "it uses CUDA already"
    device = resolve_device(config.device)
    return f"it is to train on {device}" if device.type != "cpu" else ""
