"""Evaluation mode, optionally with dropout on, restored afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.modules.dropout import _DropoutNd

from stride.errors import ConfigError
from stride.models.model import Model

KEY = "active_config.strategy"


def network_of(model: Model | nn.Module) -> nn.Module:
    """Return the plain module of a model."""
    return model.network if isinstance(model, Model) else model


def dropout_modules(network: nn.Module) -> list[nn.Module]:
    """Return the modules that drop something: torch's, and those that are named so."""
    return [module for module in network.modules() if _drops(module)]


def _drops(module: nn.Module) -> bool:
    if isinstance(module, (nn.MultiheadAttention, nn.RNNBase)):
        return module.dropout > 0
    named = "drop" in type(module).__name__.lower() and next(module.children(), None) is None
    return (isinstance(module, _DropoutNd) or named) and getattr(module, "p", None) != 0


def require_dropout(network: nn.Module) -> None:
    """Refuse a network whose passes with dropout would all be the same.

    Raises:
        ConfigError: it has no dropout, or a rate of 0.
    """
    if not dropout_modules(network):
        raise ConfigError(
            f"{type(network).__name__} has no dropout, or only with a rate of 0: "
            "all its passes would be the same",
            key=KEY,
            where=KEY,
            hint="give it dropout, as by model_kwargs.dropout=0.3, or choose another strategy",
        )


@contextmanager
def evaluation_mode(network: nn.Module, *, dropout: bool = False) -> Iterator[None]:
    """Put a network in evaluation mode for a block, and restore each module's mode.

    Args:
        network: the plain module.
        dropout: whether the modules that drop something do so even here.
    """
    training = [module for module in network.modules() if module.training]
    fast = torch.backends.mha.get_fastpath_enabled()
    dropping = dropout_modules(network) if dropout else []
    if training:
        network.eval()
    try:
        if dropping:
            # In evaluation mode torch's transformer layers go past their own dropout.
            torch.backends.mha.set_fastpath_enabled(False)
        for module in dropping:
            module.training = True
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        for module in dropping:
            module.training = False
        for module in training:
            module.training = True


@contextmanager
def torch_seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch for a block, and restore its random state."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        # torch.manual_seed would seed every accelerator, and start those that are not used.
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield
