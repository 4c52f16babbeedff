"""REINFORCE: the plainest policy gradient."""

from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor, nn

from stride.models.steps.step import Step
from stride.rl.algorithms.arguments import Share
from stride.rl.algorithms.on_policy import OnPolicy
from stride.rl.spaces import Spaces


class REINFORCE(OnPolicy):
    """REINFORCE with a learnt baseline (Williams, 1992; Sutton and Barto, 2018, section 13.4).

    One update follows each rollout. The return of an episode that the rollout cuts off ends with
    the baseline's value of what comes next.

    Args:
        network: as `OnPolicy` needs it.
        spaces: of the environments.
        gamma: the discount of later rewards.
    """

    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "rl_config": {"num_envs": 16, "rollout_steps": 128},
        "optimizer_kwargs": {"optimizer_name": "Adam", "lr": 5e-3},
        "training_config": {"clip_grad_norm": 0.5},
    }

    def __init__(self, network: nn.Module, spaces: Spaces, *, gamma: Share = 0.98) -> None:
        super().__init__(
            network, spaces, num_passes=1, num_minibatches=1, gamma=gamma, gae_lambda=1.0
        )

    def training_step(self, batch: dict[str, Tensor]) -> Step:
        """Return the loss: minus log-probability by advantage, and the baseline's square error."""
        log_probs, _, values = self.outputs(batch)
        policy_loss = -(log_probs * batch["advantages"]).mean()
        value_loss = (values - batch["returns"]).square().mean()
        told = {"policy_loss": policy_loss.detach(), "value_loss": value_loss.detach()}
        return Step(policy_loss + value_loss, len(values), values=told)
