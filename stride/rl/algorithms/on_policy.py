"""What algorithms share that learn from each rollout by a policy and a value, and then drop it."""

from abc import ABC
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from stride.errors import ComponentError, ConfigError
from stride.rl.algorithms.algorithm import Algorithm, Storage
from stride.rl.distributions import build_distribution
from stride.rl.rollout_buffer import RolloutBuffer
from stride.rl.spaces import Spaces

_TRIED = 4  # rows of the example


class OnPolicy(Algorithm, ABC):
    """Act by the policy, and learn from advantages over the value. Subclasses give the loss.

    Args:
        network: returns (policy, value) of (N, ...) observations: logits (N, num_actions), or of
            actions that are made of numbers means and logarithms of deviations; (N,) values.
        spaces: of the environments.
        num_passes: over each rollout.
        num_minibatches: into which each pass is cut, an update each.
        gamma: the discount of later rewards.
        gae_lambda: between trust in the value, 0, and in what was seen, 1.
    """

    default_network = "ActorCritic"

    def __init__(
        self,
        network: nn.Module,
        spaces: Spaces,
        *,
        num_passes: int,
        num_minibatches: int,
        gamma: float,
        gae_lambda: float,
    ) -> None:
        self.distribution = build_distribution(spaces)
        super().__init__(network, spaces, extra=self.distribution)
        self.num_passes, self.num_minibatches = num_passes, num_minibatches
        self.gamma, self.gae_lambda = gamma, gae_lambda

    def act(
        self, observations: Tensor, generator: torch.Generator, env_steps: int
    ) -> dict[str, Tensor]:
        """Draw actions; beside them return `raw_actions`, their `log_probs`, and `values`."""
        with torch.no_grad():
            policy, values = self._ask(self.network, observations)
            raw_actions, log_probs = self.distribution.sample(policy, generator)
            actions = self.distribution.to_actions(raw_actions)
        return {
            "actions": actions,
            "raw_actions": raw_actions,
            "log_probs": log_probs,
            "values": values,
        }

    def greedy(self, observations: Tensor) -> Tensor:
        """Return the likeliest actions."""
        with torch.no_grad():
            policy, _ = self._ask(self.network, observations)
            return self.distribution.to_actions(self.distribution.mode(policy))

    def outputs(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Return (N,) log-probabilities of a batch's actions, the mean entropy, and (N,) values."""
        policy, values = self._ask(self.forward, batch["observations"])
        return (*self.distribution.evaluate(policy, batch["raw_actions"]), values)

    def _ask(self, network: Callable[[Tensor], Any], observations: Tensor) -> tuple[Any, Tensor]:
        """Return policy and values; a network sees float32, or pixels as they are.

        Raises:
            ComponentError: the network returns none, with what it had to return.
        """
        pixels, size = observations.dtype == torch.uint8, len(observations)
        outputs = network(observations if pixels else observations.float())
        if not (isinstance(outputs, tuple) and len(outputs) == 2):
            raise self._refused(f"a {type(outputs).__name__}", size)
        policy, values = outputs
        if self.distribution.fault(policy, size):
            raise self._refused("another policy", size)
        if not (isinstance(values, Tensor) and values.shape == (size,)):
            raise self._refused(f"values {_shown(values)}", size)
        return policy, values

    def _refused(self, found: str, size: int) -> ComponentError:
        name = type(self.network).__name__
        return ComponentError(
            f"{name} returned {found} of {size} observations",
            where="model_kwargs.model_name",
            hint=f"{type(self).__name__} needs `return policy, value`: "
            f"{self.distribution.fault(None, size)}; and values of shape ({size},)",
        )

    def build_storage(
        self, num_envs: int, rollout_steps: int, device: torch.device
    ) -> RolloutBuffer:
        """Return an empty RolloutBuffer."""
        return RolloutBuffer(num_envs, rollout_steps, self.spaces, device)

    def num_updates(self, num_envs: int, rollout_steps: int) -> int:
        """Return passes times minibatches.

        Raises:
            ConfigError: a rollout may have fewer transitions than there are minibatches.
        """
        # Of two steps of an environment one at most is a reset.
        fewest = num_envs * (rollout_steps // 2)
        if fewest < self.num_minibatches:
            raise ConfigError(
                f"a rollout of {rollout_steps} steps of {num_envs} environments may have only "
                f"{fewest} transitions, too few for {self.num_minibatches} minibatches",
                key="rl_config.rollout_steps",
                where="rl_config.rollout_steps",
                hint=f"type: rl_config.rollout_steps={2 * -(-self.num_minibatches // num_envs)}",
            )
        return self.num_passes * self.num_minibatches

    def batch(
        self, storage: Storage, number: int, last: Tensor, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Return a minibatch; advantages are estimated before the first, each pass is shuffled."""
        assert isinstance(storage, RolloutBuffer)
        if number == 0:
            self._finish(storage, last)
        _, place = divmod(number, self.num_minibatches)
        if place == 0:
            storage.shuffle(generator)
        return storage.batch(place, self.num_minibatches)

    def _finish(self, rollout: RolloutBuffer, last: Tensor) -> None:
        observations = torch.cat([last, rollout.last_observations()])
        with torch.no_grad():
            _, values = self._ask(self.network, observations)
        envs = len(last)
        rollout.finish(values[:envs], values[envs:], self.gamma, self.gae_lambda)

    def example(self, device: torch.device) -> dict[str, Tensor]:
        """Return a batch of zeros, but for the returns: the value has something to learn."""
        spaces, numbers = self.spaces, torch.zeros(_TRIED, device=device)
        dtype = getattr(torch, spaces.observation_dtype)
        names = ("log_probs", "values", "advantages")
        return {
            "observations": torch.zeros(
                _TRIED, *spaces.observation_shape, dtype=dtype, device=device
            ),
            "raw_actions": self.distribution.example(_TRIED, device),
            **dict.fromkeys(names, numbers),
            "returns": numbers + 1,
            "explained_variance": numbers[0],
        }


def _shown(values: Any) -> str:
    if isinstance(values, Tensor):
        return f"of shape {tuple(values.shape)}"
    return f"that are a {type(values).__name__}"
