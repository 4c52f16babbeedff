"""Base class of networks made of others, each with a model section of its own."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from torch import nn

if TYPE_CHECKING:
    from stride.models.infer import Shapes
    from stride.models.model import Model
    from stride.models.weights import Loaded


class ComposedNetwork(nn.Module, ABC):
    """A network that resolves its own section, and defines its Model and start weights."""

    @classmethod
    @abstractmethod
    def resolve(
        cls, section: Mapping[str, Any], info: "Shapes | None", *, seed: int, name: str
    ) -> dict[str, Any]:
        """Return the constructor's arguments, complete; and `init_from`, where its parts have any.

        Args:
            section: the model section as given; its open keys may be raw text.
            info: what is known of the data.
            seed: of the section.
            name: the dotted name of the section, for errors.
        """

    @abstractmethod
    def with_criterion(self, criterion: nn.Module) -> "Model":
        """Return the Model whose steps train this network."""

    @abstractmethod
    def load_parts(self, sources: Sequence[str | None]) -> "list[Loaded]":
        """Load the start weights of each part, a run's folder or a safetensors file; None: none.

        Returns:
            What each part that has some has taken.
        """
