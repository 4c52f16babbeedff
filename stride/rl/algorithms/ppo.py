"""PPO: policy gradients whose steps stay near the policy that has acted."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from stride.models.blocks import Size
from stride.models.steps.step import Step
from stride.rl.algorithms.arguments import Positive, Share, Weight
from stride.rl.algorithms.on_policy import OnPolicy
from stride.rl.spaces import Spaces

_LEAST = 1e-16  # variance, so that none of 0 divides


class PPO(OnPolicy):
    """Proximal policy optimisation with clipping (Schulman et al., 2017, equation 7).

    Args:
        network: as `OnPolicy` needs it.
        spaces: of the environments.
        num_passes: over each rollout.
        num_minibatches: into which each pass is cut, an update each.
        gamma: the discount of later rewards.
        gae_lambda: between trust in the value, 0, and in what was seen, 1.
        clip: how far from 1 the ratio of new to old probability is still rewarded.
        value_coef: weight of the value's loss.
        entropy_coef: weight of the entropy, which is rewarded.
        normalize_advantage: whether advantages of a minibatch get mean 0 and deviation 1.
        clip_value: how far a value may move from that which it had in the rollout; None for any.
    """

    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "rl_config": {"num_envs": 64, "rollout_steps": 32},
        "optimizer_kwargs": {"optimizer_name": "Adam", "lr": 2.5e-3},
        "training_config": {"clip_grad_norm": 0.5},
    }

    def __init__(
        self,
        network: nn.Module,
        spaces: Spaces,
        *,
        num_passes: Size = 10,
        num_minibatches: Size = 4,
        gamma: Share = 0.98,
        gae_lambda: Share = 0.8,
        clip: Positive = 0.2,
        value_coef: Weight = 0.5,
        entropy_coef: Weight = 0.0,
        normalize_advantage: bool = True,
        clip_value: Positive | None = None,
    ) -> None:
        super().__init__(
            network,
            spaces,
            num_passes=num_passes,
            num_minibatches=num_minibatches,
            gamma=gamma,
            gae_lambda=gae_lambda,
        )
        self.clip, self.clip_value = clip, clip_value
        self.value_coef, self.entropy_coef = value_coef, entropy_coef
        self.normalize_advantage = normalize_advantage

    def training_step(self, batch: dict[str, Tensor]) -> Step:
        """Return the clipped loss of policy and value, less the entropy's weight."""
        log_probs, entropy, values = self.outputs(batch)
        log_ratio = log_probs - batch["log_probs"]
        ratio = log_ratio.exp()
        policy_loss = self._policy_loss(ratio, batch["advantages"])
        value_loss = self._value_loss(values, batch)
        loss = policy_loss + self.value_coef * value_loss
        if self.entropy_coef:
            loss = loss - self.entropy_coef * entropy
        told = {
            "policy_loss": policy_loss.detach(),
            "value_loss": value_loss.detach(),
            "entropy": entropy.detach(),
            "explained_variance": batch["explained_variance"],
            **self._changes(ratio.detach(), log_ratio.detach()),
        }
        return Step(loss, len(values), values=told)

    def _policy_loss(self, ratio: Tensor, advantages: Tensor) -> Tensor:
        if self.normalize_advantage:
            advantages = functional.layer_norm(advantages, advantages.shape, eps=_LEAST)
        clipped = ratio.clamp(1 - self.clip, 1 + self.clip)
        return -torch.min(ratio * advantages, clipped * advantages).mean()

    def _value_loss(self, values: Tensor, batch: dict[str, Tensor]) -> Tensor:
        """Return the mean square error; of clipped values, where that is larger."""
        before, returns, most = batch["values"], batch["returns"], self.clip_value
        if most is None:
            return functional.mse_loss(values, returns)
        clipped = before + (values - before).clamp(-most, most)
        return torch.max((values - returns).square(), (clipped - returns).square()).mean()

    def _changes(self, ratio: Tensor, log_ratio: Tensor) -> dict[str, Tensor]:
        """Return how far the policy is from that which has acted.

        The divergence is the estimate k3 of Schulman, Approximating KL Divergence (2020).
        """
        distance = ratio - 1
        return {
            "approx_kl": (distance - log_ratio).mean(),
            "clip_fraction": (distance.abs() > self.clip).mean(dtype=torch.float32),
        }
