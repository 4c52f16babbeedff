"""Soft actor-critic: actions made of numbers, learnt with as much chance as still pays."""

from collections.abc import Mapping
from math import log
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call

from stride.errors import ConfigError
from stride.models.blocks import Size
from stride.models.steps.step import Step
from stride.rl.algorithms.algorithm import Storage
from stride.rl.algorithms.arguments import Positive, Share
from stride.rl.algorithms.off_policy import Batch, OffPolicy
from stride.rl.algorithms.squashed import ActionScale, squashed_sample
from stride.rl.algorithms.target import TargetNetwork
from stride.rl.replay.priorities import Priorities
from stride.rl.spaces import Spaces


class SAC(OffPolicy):
    """Learn a random policy that earns much and stays random (Haarnoja et al. 2018, 2019).

    One update moves critics, actor and temperature. The loss is the sum of theirs; through each
    only its own parameters have gradients. Entropy is that of actions scaled to -1..1: the units
    of an environment do not matter to it.

    Args:
        network: has `actor`, which gives means and logarithms of deviations for observations, and
            `critics`, which gives (critics, N) for observations and actions scaled to -1..1.
        spaces: of the environments, with bounded numbers as actions.
        gamma: the discount of what comes a step later.
        n_step: rewards that are summed before the value of what follows is estimated.
        batch_size: transitions in a batch.
        capacity: transitions that are kept, of all environments; or bytes as text, "2GB".
        updates_per_step: updates for each step of one environment.
        prioritized: whether large errors are drawn more often.
        alpha: how much more; 0 is not at all.
        beta: how far weights in the loss undo it; 1 is altogether.
        target_every: updates between two moves of the target critics.
        target_tau: how far they go at each; 1 is a copy.
        temperature: what entropy is worth; null: what brings it to `target_entropy`.
        target_entropy: in nats; null: minus the number of numbers in an action.

    Raises:
        ConfigError: actions are some to choose from, or have no bounds.
    """

    default_network: ClassVar[str] = "SoftActorCritic"
    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "rl_config": {
            "num_envs": 1,
            "rollout_steps": 1,
            "rollouts_per_epoch": 1_000,
            "init_steps": 1_000,
        },
        "optimizer_kwargs": {"optimizer_name": "Adam", "lr": 1e-3},
    }

    def __init__(
        self,
        network: nn.Module,
        spaces: Spaces,
        *,
        gamma: Share = 0.99,
        n_step: Size = 1,
        batch_size: Size = 256,
        capacity: int | str = 1_000_000,
        updates_per_step: Positive = 1.0,
        prioritized: bool = False,
        alpha: Share = 0.6,
        beta: Share = 0.4,
        target_every: Size = 1,
        target_tau: Share = 0.005,
        temperature: Positive | None = None,
        target_entropy: float | None = None,
    ) -> None:
        self.scale = ActionScale(spaces)
        _require_parts(network)
        critics = cast(nn.Module, network.critics)
        self.target = TargetNetwork(critics, tau=target_tau, every=target_every)
        self.temperature = Temperature(temperature)
        super().__init__(
            network,
            spaces,
            nn.ModuleList([self.target, self.temperature, self.scale]),
            gamma=gamma,
            n_step=n_step,
            batch_size=batch_size,
            capacity=capacity,
            updates_per_step=updates_per_step,
            prioritized=Priorities(alpha, beta) if prioritized else None,
        )
        self.num_numbers = len(spaces.low)
        self.target_entropy = -self.num_numbers if target_entropy is None else target_entropy

    @property
    def actor(self) -> nn.Module:
        """Return what gives means and logarithms of deviations."""
        return cast(nn.Module, self.network.actor)

    @property
    def critics(self) -> nn.Module:
        """Return what judges actions."""
        return cast(nn.Module, self.network.critics)

    @torch.no_grad()
    def act(
        self, observations: Tensor, generator: torch.Generator, env_steps: int
    ) -> dict[str, Tensor]:
        """Draw actions from the policy."""
        noise = self._noise(len(observations), generator).to(observations.device)
        return {"actions": self.scale.to_environment(self._sample(observations, noise)[0])}

    @torch.no_grad()
    def greedy(self, observations: Tensor) -> Tensor:
        """Return the actions in the middle of the policy, (N, *action_shape)."""
        mean: Tensor = self.actor(observations)[0]
        return self.scale.to_environment(mean.tanh())

    def batch(
        self, storage: Storage, number: int, last: Tensor, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Return transitions, and the noise of the actions that the update draws."""
        batch = super().batch(storage, number, last, generator)
        noise = self._noise(2 * self.batch_size, generator).to(batch["rewards"].device)
        return batch | _halves(noise)

    def example(self, device: torch.device) -> dict[str, Tensor]:
        """Return two made-up transitions, and noise of none."""
        return super().example(device) | _halves(torch.zeros(4, self.num_numbers, device=device))

    def training_step(self, batch: Batch) -> Step:
        """Move the target critics where that is due; return the loss."""
        self.target.follow(self.critics)
        return self.evaluation_step(batch)

    def evaluation_step(self, batch: Batch) -> Step:
        """Return the sum of the losses, with each of them."""
        critic_loss = self.critic_loss(batch)
        actor_loss, entropy = self.actor_loss(batch)
        temperature_loss = self.temperature.log * (entropy - self.target_entropy)
        values = {
            "critic_loss": critic_loss.detach(),
            "actor_loss": actor_loss.detach(),
            "temperature": self.temperature(),
            "entropy": entropy,
        }
        loss = critic_loss + actor_loss + temperature_loss
        return Step(loss, len(batch["rewards"]), values=values)

    def critic_loss(self, batch: Batch) -> Tensor:
        """Return half the mean squared error of each critic, summed over them."""
        actions = self.scale.from_environment(batch["actions"])
        errors = self.targets(batch) - self.critics(batch["observations"], actions)
        self.note_errors(batch, errors.mean(0))
        squares: Tensor = errors.square() * batch["weights"]
        return 0.5 * squares.mean(1).sum()

    @torch.no_grad()
    def targets(self, batch: Batch) -> Tensor:
        """Return what the critics' values are to become, (N,)."""
        following = batch["next_observations"]
        actions, log_probs = self._sample(following, batch["next_noise"])
        worth: Tensor = self.target(following, actions).amin(0)
        soft: Tensor = worth - self.temperature() * log_probs
        return batch["rewards"] + batch["discounts"] * soft

    def actor_loss(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the actor's loss, by critics that stand still, and the entropy, a mean."""
        observations = batch["observations"]
        actions, log_probs = self._sample(observations, batch["noise"])
        still = {name: value.detach() for name, value in self.critics.named_parameters()}
        worth = functional_call(self.critics, still, (observations, actions)).amin(0)
        loss = (self.temperature() * log_probs - worth).mean()
        return loss, -log_probs.detach().mean()

    def _sample(self, observations: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Return actions between -1 and 1, and the logarithms of their densities."""
        mean, log_std = self.actor(observations)
        return squashed_sample(mean, log_std, noise)

    def _noise(self, count: int, generator: torch.Generator) -> Tensor:
        shape = count, self.num_numbers
        return torch.randn(shape, generator=generator, device=generator.device)


class Temperature(nn.Module):
    """What entropy is worth beside rewards; called, it gives that without a gradient.

    Args:
        value: fixed; None where it is learnt, from 1 on.
    """

    def __init__(self, value: float | None) -> None:
        super().__init__()
        start = torch.tensor(log(1.0 if value is None else value))
        self.log = nn.Parameter(start, requires_grad=value is None)

    def forward(self) -> Tensor:
        """Return a positive number."""
        return self.log.detach().exp()


def _halves(noise: Tensor) -> dict[str, Tensor]:
    now, then = noise.chunk(2)
    return {"noise": now, "next_noise": then}


def _require_parts(network: nn.Module) -> None:
    """Refuse a network without an actor or critics."""
    missing = [part for part in ("actor", "critics") if not hasattr(network, part)]
    if missing:
        raise ConfigError(
            f"{type(network).__name__} has no {' and no '.join(missing)}, which SAC calls",
            key="model_kwargs.model_name",
            where="model_kwargs.model_name",
            hint="type: model_kwargs.model_name=SoftActorCritic, or give it actor(observations) -> "
            "(mean, log_std) and critics(observations, actions) -> (critics, N)",
        )
