"""Read and set what each layer of an environment holds: its wrappers, and what is inside."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stride.rl.environments.state.reader import Reader
from stride.rl.environments.state.writer import Writer


@dataclass(frozen=True)
class Contents:
    """What an environment holds.

    Attributes:
        state: by layer, in the forms that `reader` tells.
        unsaved: what of it has no such form, in words.
    """

    state: dict[str, Any]
    unsaved: list[str]


def read_layers(env: Any) -> Contents:
    """Return what an environment holds, from the outermost wrapper to itself."""
    layers = dict(_layers(env))
    reader = Reader(layers.values())
    return Contents({name: reader.read(layer, name) for name, layer in layers.items()}, reader.lost)


def write_layers(env: Any, state: Mapping[str, Any]) -> None:
    """Set what an environment holds.

    It is to be built like the one that gave the state, and to have been reset: what has no form is
    left as it is.
    """
    layers = dict(_layers(env))
    writer = Writer()
    for name, layer in layers.items():
        writer.write(state[name], layer)


def _layers(env: Any) -> Iterator[tuple[str, Any]]:
    """Yield the layers by unlike names."""
    from gymnasium import Wrapper
    from gymnasium.vector import VectorWrapper

    yield f"0 {type(env).__name__}", env
    number = 0
    while isinstance(env, (Wrapper, VectorWrapper)):
        number, env = number + 1, env.env
        yield f"{number} {type(env).__name__}", env
