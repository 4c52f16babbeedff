"""PPO on CartPole as a person writes it by hand, with one function for all of it but the update."""

import time

import gymnasium
import numpy as np
import torch
from torch import Tensor, nn

ENVS, STEPS, PASSES, MINIBATCH, RATE = 64, 32, 10, 512, 2.5e-3
GAMMA, LAM, CLIP = 0.98, 0.8, 0.2


class TwoBodies(nn.Module):
    """Actor and critic of CartPole, which share nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.actor, self.critic = (_body(outputs) for outputs in (2, 1))

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits and values."""
        return self.actor(observations), self.critic(observations).squeeze(-1)


def _body(outputs: int) -> nn.Sequential:
    hidden = [nn.Linear(4, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh()]
    return nn.Sequential(*hidden, nn.Linear(64, outputs))


def by_hand(env_steps: int) -> float:
    """Train on vectorised CartPole; return the CPU seconds of the loop.

    Steps that only reset are masked, and truncated episodes go on in their value.
    """
    torch.manual_seed(0)
    net = TwoBodies()
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE, fused=True)
    env = gymnasium.make_vec("CartPole-v1", num_envs=ENVS, vectorization_mode="vector_entry_point")
    seen, _ = env.reset(seed=0)
    ended = np.zeros(ENVS, bool)
    observations = torch.zeros(STEPS, ENVS, 4)
    actions = torch.zeros(STEPS, ENVS, dtype=torch.int64)
    log_probs, rewards, terminated, truncated, valid = torch.zeros(5, STEPS, ENVS)
    values, advantages = torch.zeros(STEPS + 1, ENVS), torch.zeros(STEPS, ENVS)
    start = time.process_time()
    for _ in range(-(-env_steps // (ENVS * STEPS))):
        for t in range(STEPS):
            with torch.inference_mode():
                observations[t] = torch.as_tensor(seen)
                logits, values[t] = net(observations[t])
                likely = logits.log_softmax(-1)
                actions[t] = torch.multinomial(likely.exp(), 1).squeeze(1)
                log_probs[t] = likely.gather(1, actions[t][:, None]).squeeze(1)
            valid[t] = torch.as_tensor(~ended)
            seen, gained, over, cut, _ = env.step(actions[t].numpy())
            ended = over | cut
            rewards[t], terminated[t] = torch.as_tensor(gained), torch.as_tensor(over)
            truncated[t] = torch.as_tensor(cut)
        with torch.inference_mode():
            values[STEPS] = net(torch.as_tensor(seen))[1]
        later = torch.zeros(ENVS)
        for t in reversed(range(STEPS)):
            goes_on = 1 - terminated[t]
            error = rewards[t] + GAMMA * values[t + 1] * goes_on - values[t]
            later = (error + GAMMA * LAM * goes_on * (1 - truncated[t]) * later) * valid[t]
            advantages[t] = later
        kept = valid.flatten().bool()
        rollout = (observations, actions, log_probs, advantages, advantages + values[:STEPS])
        rows = [column.flatten(0, 1)[kept] for column in rollout]
        for _ in range(PASSES):
            for chosen in torch.randperm(len(rows[0])).split(MINIBATCH):
                _update(net, optimizer, *(column[chosen] for column in rows))
    return time.process_time() - start


def _update(
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    observations: Tensor,
    actions: Tensor,
    before: Tensor,
    advantages: Tensor,
    returns: Tensor,
) -> None:
    logits, values = net(observations)
    log_probs = logits.log_softmax(-1).gather(1, actions[:, None]).squeeze(1)
    ratio = (log_probs - before).exp()
    advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
    clipped = ratio.clamp(1 - CLIP, 1 + CLIP) * advantages
    loss = -torch.min(ratio * advantages, clipped).mean() + 0.5 * (values - returns).pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 0.5)
    optimizer.step()
