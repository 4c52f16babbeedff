"""Capture features of any network by forward hooks: of the penultimate or a named layer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from stride.errors import ConfigError, nearest

KEY = "active_config.feature_layer"


class CapturedFeatures:
    """The features captured in one forward pass."""

    def __init__(self, network: nn.Module) -> None:
        self._network = network
        self.value: Any = None

    def take(self) -> Tensor:
        """Return the features of the batch as (n, d), and forget them.

        Raises:
            ConfigError: no layer ran that the features could be taken from.
        """
        value, self.value = self.value, None
        if isinstance(value, (tuple, list)) and value:
            value = value[0]
        if not isinstance(value, Tensor) or value.ndim == 0:
            what = "no layer ran from which" if value is None else "no tensor was found from which"
            raise _refused(f"{what} features could be taken", self._network)
        return value.detach().float().reshape(len(value), -1)


@contextmanager
def capture_features(network: nn.Module, layer: str | None = None) -> Iterator[CapturedFeatures]:
    """Capture the features of the forward passes in a block.

    Args:
        network: the plain module.
        layer: the name of the layer whose output is meant, as in `named_modules`; None: the input
            of the linear or convolutional layer that ran last, which is the classifier.

    Raises:
        ConfigError: there is no layer of that name.
    """
    captured = CapturedFeatures(network)

    def before(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        captured.value = args[0] if args else next(iter(kwargs.values()), None)

    def after(module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        captured.value = output

    if layer is None:
        ends = [m for m in network.modules() if isinstance(m, (nn.Linear, _ConvNd))]
        handles = [m.register_forward_pre_hook(before, with_kwargs=True) for m in ends]
    else:
        handles = [named_layer(network, layer).register_forward_hook(after)]
    try:
        yield captured
    finally:
        for handle in handles:
            handle.remove()


def named_layer(network: nn.Module, name: str) -> nn.Module:
    """Return the layer of a name as `named_modules` gives it.

    Raises:
        ConfigError: there is none; it names those that there are.
    """
    layers: dict[str, nn.Module] = dict(network.named_modules())
    if not name or name not in layers:
        raise _refused(f"{type(network).__name__} has no layer {name!r}", network, name)
    return layers[name]


def _refused(what: str, network: nn.Module, name: str = "") -> ConfigError:
    names = [layer for layer, _ in network.named_modules() if layer]
    shown = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
    known = nearest(name, names) if name else ""
    hint = f"{known}; " if known else ""
    return ConfigError(what, key=KEY, where=KEY, hint=f"{hint}its layers are {shown or 'none'}")
