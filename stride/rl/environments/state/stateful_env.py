"""The outermost wrapper of each single environment, by which its state is read and set."""

from typing import Any

import gymnasium
from gymnasium.utils import RecordConstructorArgs

from stride.rl.environments.state.layers import read_layers, write_layers


class StatefulEnv(gymnasium.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
    """Let the state be read and set as an attribute, which reaches processes too.

    Args:
        env: one environment.
    """

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        RecordConstructorArgs.__init__(self)  # which Gymnasium asks of wrappers
        super().__init__(env)

    @property
    def saved_state(self) -> dict[str, Any]:
        """Return the state of all layers inside."""
        return read_layers(self.env).state

    @saved_state.setter
    def saved_state(self, state: dict[str, Any]) -> None:
        write_layers(self.env, state)

    @property
    def unsaved(self) -> list[str]:
        """Return what a state cannot hold, in words."""
        return read_layers(self.env).unsaved
