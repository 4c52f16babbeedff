"""Networks that help to train a model and are not trained themselves, as a teacher."""

from collections.abc import Iterator, Mapping
from typing import Any, Self

import torch
from torch import nn

from stride.errors import nearest


class FrozenNetworks(Mapping[str, nn.Module]):
    """Networks by name, in evaluation mode and without gradients for their parameters.

    They belong to no model: its weights, its optimiser and its modes know nothing of them, and a
    copy of a model has the same ones.
    """

    def __init__(self, networks: Mapping[str, nn.Module] | None = None) -> None:
        self._networks = dict(networks or {})
        for network in self._networks.values():
            network.eval().requires_grad_(False)

    def __getitem__(self, name: str) -> nn.Module:
        """Return a network.

        Raises:
            KeyError: there is none of this name; says the nearest.
        """
        if name not in self._networks:
            near = nearest(name, self._networks) or f"give frozen={{{name!r}: RUN}}"
            raise KeyError(f"there is no frozen network {name!r}: {near}")
        return self._networks[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the names."""
        return iter(self._networks)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._networks)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return the same: nothing changes them, and they may be large."""
        return self

    def to(self, device: torch.device | str) -> Self:
        """Move all of them to a device, in place."""
        for network in self._networks.values():
            network.to(device)
        return self

    def parts(self) -> Iterator[object]:
        """Yield this and all that it holds: networks, their modules and tensors."""
        yield self
        for network in self._networks.values():
            yield from (*network.modules(), *network.parameters(), *network.buffers())
