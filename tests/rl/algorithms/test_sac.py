"""SAC's losses by hand, and that each moves its own parameters alone."""

import copy
import math
from collections.abc import Iterable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from stride.errors import ConfigError
from stride.rl.algorithms.sac import SAC
from stride.rl.algorithms.squashed import squashed_sample
from stride.rl.networks.soft_actor_critic import SoftActorCritic
from stride.rl.spaces import Spaces
from tests.rl.algorithms.transitions import CHOICE

SPACES = Spaces((3,), "float32", (2,), low=(-2.0, 0.0), high=(2.0, 10.0))
CPU = torch.device("cpu")


def build(spaces: Spaces = SPACES, **options: Any) -> SAC:
    torch.manual_seed(0)
    network = SoftActorCritic(spaces.observation_shape, spaces.action_shape, hidden_sizes=[8])
    return SAC(network, spaces, **options)


def batch_of(spaces: Spaces = SPACES, size: int = 6) -> dict[str, Tensor]:
    draw = torch.Generator().manual_seed(1)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=draw)

    low, high = torch.tensor(spaces.low), torch.tensor(spaces.high)
    return {
        "observations": normal(size, 3),
        "actions": low + (high - low) * torch.rand(size, 2, generator=draw),
        "rewards": normal(size),
        "next_observations": normal(size, 3),
        "discounts": torch.tensor([0.99, 0.0, 0.9801, 0.99, 0.0, 0.99]),
        "indices": torch.arange(size),
        "weights": torch.tensor([1.0, 1.0, 1.0, 1.0, 1.0, 0.5]),
        "noise": normal(size, 2),
        "next_noise": normal(size, 2),
    }


class Fixed(nn.Module):
    """Means of 0.5, deviations of 1, and two critics: the action, and twice it plus one."""

    def __init__(self) -> None:
        super().__init__()
        self.actor, self.critics = FixedActor(), FixedCritics()


class FixedActor(nn.Module):
    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        return torch.full((len(observations), 1), 0.5), torch.zeros(len(observations), 1)


class FixedCritics(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor([[1.0], [2.0]]))

    def forward(self, observations: Tensor, actions: Tensor) -> Tensor:
        return self.factor * actions.squeeze(1) + torch.tensor([[0.0], [1.0]])


def test_losses_by_hand() -> None:
    spaces = Spaces((3,), "float32", (1,), low=(-2.0,), high=(2.0,))
    algorithm = SAC(Fixed(), spaces, temperature=0.2)
    batch = {
        "observations": torch.zeros(1, 3),
        "actions": torch.tensor([[1.0]]),  # half of the way to the bound
        "rewards": torch.tensor([3.0]),
        "next_observations": torch.zeros(1, 3),
        "discounts": torch.tensor([0.9]),
        "indices": torch.tensor([0]),
        "weights": torch.tensor([0.5]),
        "noise": torch.tensor([[-0.25]]),
        "next_noise": torch.tensor([[0.5]]),
    }

    def log_prob(noise: float) -> float:
        squashed = math.tanh(0.5 + noise)
        return -noise * noise / 2 - math.log(2 * math.pi) / 2 - math.log(1 - squashed**2)

    # The least of a and 2 a + 1 is a, for actions above -1.
    target = 3 + 0.9 * (math.tanh(1.0) - 0.2 * log_prob(0.5))
    critics = 0.5 * 0.5 * ((target - 0.5) ** 2 + (target - 2) ** 2)
    actor = 0.2 * log_prob(-0.25) - math.tanh(0.25)
    step = algorithm.training_step(batch)
    assert algorithm.targets(batch).item() == pytest.approx(target)
    assert step.values["critic_loss"].item() == pytest.approx(critics)
    assert step.values["actor_loss"].item() == pytest.approx(actor)
    assert step.values["entropy"].item() == pytest.approx(-log_prob(-0.25))
    # The temperature's, log 0.2 (entropy + 1), has no gradient where the temperature is fixed.
    temperature = math.log(0.2) * (-log_prob(-0.25) + 1)
    assert step.loss.item() == pytest.approx(critics + actor + temperature, rel=1e-5)
    assert not algorithm.temperature.log.requires_grad


def gradients(loss: Tensor, parameters: Iterable[nn.Parameter]) -> list[Tensor]:
    return list(torch.autograd.grad(loss, list(parameters)))


def test_gradients_of_the_sum_are_those_of_each_loss_by_itself() -> None:
    algorithm, batch = build(), batch_of()
    alone = copy.deepcopy(algorithm)
    algorithm.evaluation_step(batch).loss.backward()
    network, scale = alone.network, alone.scale
    alpha = alone.temperature.log.exp()

    following = batch["next_observations"]
    actions, log_probs = squashed_sample(*network.actor(following), batch["next_noise"])
    worth = network.critics(following, actions).min(0).values - alpha * log_probs
    targets = (batch["rewards"] + batch["discounts"] * worth).detach()
    taken = (batch["actions"] - scale.center) / scale.half_width
    first, second = network.critics(batch["observations"], taken) - targets
    critic_loss = sum(0.5 * (batch["weights"] * e**2).mean() for e in (first, second))
    critics = gradients(critic_loss, network.critics.parameters())

    actions, log_probs = squashed_sample(*network.actor(batch["observations"]), batch["noise"])
    judged = network.critics(batch["observations"], actions).min(0).values
    actor_loss = (alpha.detach() * log_probs - judged).mean()
    actor = gradients(actor_loss, network.actor.parameters())

    temperature_loss = -(alone.temperature.log * (log_probs.detach() - 2)).mean()
    temperature = gradients(temperature_loss, [alone.temperature.log])

    expected = [*actor, *critics, *temperature]
    found = [p.grad for p in algorithm.parameters() if p.requires_grad]
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_the_units_of_actions_do_not_matter() -> None:
    wide = Spaces((3,), "float32", (2,), low=(-2e3, 0.0), high=(2e3, 1e4))
    narrow_batch = batch_of()
    wide_batch = {**narrow_batch, "actions": narrow_batch["actions"] * 1e3}
    losses = [
        build(spaces).evaluation_step(batch).loss
        for spaces, batch in ((SPACES, narrow_batch), (wide, wide_batch))
    ]
    torch.testing.assert_close(*losses)


def test_targets_follow_softly_after_a_first_copy() -> None:
    algorithm = build(target_tau=0.25)
    first = next(algorithm.critics.parameters())
    followed = next(algorithm.target.parameters())
    with torch.no_grad():
        first.fill_(4.0)
    algorithm.training_step(batch_of())
    assert (followed == 4).all()
    with torch.no_grad():
        first.fill_(8.0)
    algorithm.training_step(batch_of())
    assert (followed == 5).all()


def test_actions_are_drawn_within_bounds_and_from_the_generator() -> None:
    algorithm, observations = build(), 100 * torch.randn(500, 3)
    drawn = [
        algorithm.act(observations, torch.Generator().manual_seed(seed), 0)["actions"]
        for seed in (0, 0, 1)
    ]
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])
    for actions in (*drawn, algorithm.greedy(observations)):
        assert actions.shape == (500, 2) and not actions.requires_grad
        for low, high, column in zip(SPACES.low, SPACES.high, actions.T, strict=True):
            assert low <= column.min() and column.max() <= high


def test_the_noise_of_a_batch_comes_from_the_generator() -> None:
    algorithm = build(batch_size=4)
    storage: Any = algorithm.build_storage(1, 1, CPU)
    storage.sample = lambda size, generator: {"rewards": torch.zeros(size)}
    first, second = (
        algorithm.batch(storage, 0, torch.zeros(1, 3), torch.Generator().manual_seed(0))
        for _ in range(2)
    )
    assert first["noise"].shape == first["next_noise"].shape == (4, 2)
    assert not torch.equal(first["noise"], first["next_noise"])
    assert torch.equal(first["noise"], second["noise"])


def test_a_restored_one_learns_the_same_bits() -> None:
    def learn(algorithm: SAC, updates: int) -> None:
        trained = [p for p in algorithm.parameters() if p.requires_grad]
        optimizer = torch.optim.SGD(trained, lr=0.01)
        for _ in range(updates):
            optimizer.zero_grad()
            algorithm.training_step(batch_of()).loss.backward()
            optimizer.step()

    whole = build(target_every=2)
    learn(whole, 3)
    resumed = build(target_every=2)
    resumed.load_state_dict(copy.deepcopy(whole.state_dict()))
    assert "criterion:1.log" in whole.state_dict()
    for algorithm in (whole, resumed):
        learn(algorithm, 4)
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name


def test_entropy_comes_to_what_is_aimed_at() -> None:
    algorithm = build(target_entropy=0.5)
    batch = batch_of()
    loss = algorithm.evaluation_step(batch)
    loss.loss.backward()
    surplus = loss.values["entropy"].item() - 0.5
    gradient = algorithm.temperature.log.grad
    assert gradient is not None and gradient.item() == pytest.approx(surplus)
    assert build().target_entropy == -2


def test_the_example_is_a_batch() -> None:
    algorithm = build()
    algorithm.training_step(algorithm.example(CPU)).loss.backward()


def test_actions_to_choose_from_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"rl_config.algorithm=DQN"):
        SAC(Fixed(), CHOICE)


def test_a_network_without_its_parts_is_refused() -> None:
    with pytest.raises(ConfigError, match="Linear has no actor and no critics"):
        SAC(nn.Linear(3, 2), SPACES)
