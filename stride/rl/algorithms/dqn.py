"""Deep Q-learning: what each action is worth, learnt from replayed steps."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import smooth_l1_loss

from stride.errors import ConfigError, DataError
from stride.models.blocks import Size
from stride.models.steps.step import Step
from stride.rl.algorithms.arguments import Positive, Share
from stride.rl.algorithms.off_policy import Batch, OffPolicy
from stride.rl.algorithms.target import TargetNetwork
from stride.rl.replay.priorities import Priorities
from stride.rl.spaces import Spaces


class DQN(OffPolicy):
    """Learn what each action is worth, and take the best; now and then any other.

    The loss is Huber's, of the difference from r + discount * max Q'(s') by a target network Q'
    (Mnih et al. 2015).

    Args:
        network: gives the value of each action, (N, actions).
        spaces: of the environments, with actions to choose from.
        gamma: the discount of what comes a step later.
        n_step: rewards that are summed before the value of what follows is estimated.
        batch_size: transitions in a batch.
        capacity: transitions that are kept, of all environments; or bytes as text, "2GB".
        updates_per_step: updates for each step of one environment.
        prioritized: whether large errors are drawn more often.
        alpha: how much more; 0 is not at all.
        beta: how far weights in the loss undo it; 1 is altogether.
        double: whether the network chooses the action in s', which the target network judges (van
            Hasselt et al. 2016); else the target network does both.
        target_every: updates between two moves of the target network.
        target_tau: how far it goes at each; 1 is a copy.
        epsilon_start: the share of actions drawn blindly at the first step.
        epsilon_end: that share from `epsilon_steps` on.
        epsilon_steps: steps, of all environments together, over which it falls linearly.

    Raises:
        ConfigError: an action is made of numbers.
    """

    default_network: ClassVar[str] = "QNetwork"
    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "rl_config": {
            "num_envs": 8,
            "rollout_steps": 32,
            "rollouts_per_epoch": 10,
            "init_steps": 1_000,
        },
        "optimizer_kwargs": {"optimizer_name": "Adam", "lr": 2.3e-3},
        "training_config": {"clip_grad_norm": 10.0},
    }

    def __init__(
        self,
        network: nn.Module,
        spaces: Spaces,
        *,
        gamma: Share = 0.99,
        n_step: Size = 1,
        batch_size: Size = 64,
        capacity: int | str = 100_000,
        updates_per_step: Positive = 0.5,
        prioritized: bool = False,
        alpha: Share = 0.6,
        beta: Share = 0.4,
        double: bool = False,
        target_every: Size = 128,
        target_tau: Share = 1.0,
        epsilon_start: Share = 1.0,
        epsilon_end: Share = 0.04,
        epsilon_steps: Size = 8_000,
    ) -> None:
        if spaces.num_actions is None:
            raise ConfigError(
                "DQN chooses among actions, and here an action is made of numbers",
                key="rl_config.algorithm",
                where="rl_config.algorithm",
                hint="type: rl_config.algorithm=SAC, or PPO",
            )
        self.target = TargetNetwork(network, tau=target_tau, every=target_every)
        super().__init__(
            network,
            spaces,
            self.target,
            gamma=gamma,
            n_step=n_step,
            batch_size=batch_size,
            capacity=capacity,
            updates_per_step=updates_per_step,
            prioritized=Priorities(alpha, beta) if prioritized else None,
        )
        self.num_actions, self.double = spaces.num_actions, double
        self._epsilon = epsilon_start, epsilon_end, epsilon_steps

    def epsilon(self, env_steps: int) -> float:
        """Return the share of actions that are drawn blindly after so many steps."""
        start, end, steps = self._epsilon
        return start + (end - start) * min(1.0, env_steps / steps)

    def act(
        self, observations: Tensor, generator: torch.Generator, env_steps: int
    ) -> dict[str, Tensor]:
        """Choose the best action, or any, each environment by itself."""
        count, device = len(observations), generator.device
        explores = torch.rand(count, generator=generator, device=device) < self.epsilon(env_steps)
        anything = torch.randint(self.num_actions, (count,), generator=generator, device=device)
        if explores.all():
            return {"actions": anything.to(observations.device)}
        best = self.greedy(observations)
        return {"actions": torch.where(explores.to(best.device), anything.to(best.device), best)}

    @torch.no_grad()
    def greedy(self, observations: Tensor) -> Tensor:
        """Return the action of the largest value, (N,)."""
        return self.values(observations).argmax(1)

    def values(self, observations: Tensor) -> Tensor:
        """Return what each action is worth, (N, actions).

        Raises:
            DataError: the network gives something of another shape.
        """
        values: Tensor = self.forward(observations)
        if values.shape != (len(observations), self.num_actions):
            raise DataError(
                f"the network gives {tuple(values.shape)} for {len(observations)} observations, "
                f"and there are {self.num_actions} actions",
                where="model_kwargs",
                hint="let it return the value of each action, (observations, actions)",
            )
        return values

    def training_step(self, batch: Batch) -> Step:
        """Move the target network where that is due; return the loss."""
        self.target.follow(self.network)
        return self.evaluation_step(batch)

    def evaluation_step(self, batch: Batch) -> Step:
        """Return the loss, and the mean of the values."""
        targets = self.targets(batch)
        chosen = batch["actions"].unsqueeze(1)
        values = self.values(batch["observations"]).gather(1, chosen).squeeze(1)
        self.note_errors(batch, targets - values)
        losses = smooth_l1_loss(values, targets, reduction="none") * batch["weights"]
        return Step(losses.mean(), len(losses), values={"q": values.detach().mean()})

    @torch.no_grad()
    def targets(self, batch: Batch) -> Tensor:
        """Return what the values are to become, (N,)."""
        following = batch["next_observations"]
        judged: Tensor = self.target(following)
        if self.double:
            best = self.values(following).argmax(1, keepdim=True)
            worth = judged.gather(1, best).squeeze(1)
        else:
            worth = judged.amax(1)
        return batch["rewards"] + batch["discounts"] * worth
