"""DQN's targets and loss by hand, its blind actions, and what it gives to the buffer."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from stride.errors import ConfigError, DataError
from stride.rl.algorithms.dqn import DQN
from stride.rl.networks.q_network import QNetwork
from stride.rl.replay.buffer import ReplayBuffer
from stride.rl.spaces import Spaces
from stride.rl.timestep import Outcome, Timestep
from tests.rl.algorithms.transitions import CHOICE, Table, states, transitions

LEARNT = [[1.0, 2.0], [3.0, 0.0], [5.0, 4.0]]
TARGET = [[10.0, 20.0], [30.0, 40.0], [50.0, 60.0]]


def build(**options: Any) -> DQN:
    """Return DQN whose network and target network hold the tables."""
    algorithm = DQN(Table(LEARNT), CHOICE, **options)
    with torch.no_grad():
        algorithm.target.network.values.copy_(torch.tensor(TARGET))
    return algorithm


def test_the_target_network_judges_its_own_best_action() -> None:
    batch = transitions([0, 0, 1], [0, 1, 1], [1.0, 2.0, 3.0], [1, 2, 2], [0.5, 0.0, 0.9])
    # The second one has ended its episode: nothing comes after it.
    expected = torch.tensor([1 + 0.5 * 40, 2.0, 3 + 0.9 * 60])
    torch.testing.assert_close(build().targets(batch), expected)


def test_double_lets_the_network_choose_and_the_target_network_judge() -> None:
    batch = transitions([0, 0], [0, 1], [1.0, 2.0], [1, 0], [0.5, 0.5])
    # In state 1 the network likes action 0, which is worth 30; in state 0 action 1, worth 20.
    targets = build(double=True).targets(batch)
    torch.testing.assert_close(targets, torch.tensor([1 + 0.5 * 30, 2 + 0.5 * 20]))


def test_the_loss_is_hubers_weighted_and_has_gradients_of_chosen_values_alone() -> None:
    batch = transitions([0, 1], [1, 0], [2.5, 7.0], [0, 0], [0.0, 0.0], weights=[1.0, 0.5])
    algorithm = build()
    step: Any = algorithm.evaluation_step(batch)
    # Errors of 0.5 and 4: half a square, and 4 - 1/2 with half a weight.
    assert step.loss.item() == pytest.approx((0.125 + 0.5 * 3.5) / 2)
    assert step.size == 2 and step.values["q"].item() == 2.5
    step.loss.backward()
    gradient = algorithm.network.values.grad
    torch.testing.assert_close(gradient, torch.tensor([[0, -0.25], [-0.25, 0], [0, 0]]))
    assert algorithm.target.network.values.grad is None


def step_of(
    before: int, action: int, reward: float, after: int, *, end: str = "", real: bool = True
) -> Timestep:
    def flag(name: str) -> np.ndarray:
        return np.array([end == name])

    outcome = Outcome(
        states(after).numpy(), np.array([reward]), flag("over"), flag("cut"), np.array([real])
    )
    return Timestep(states(before).numpy(), torch.tensor([action]), outcome)


SCRIPT = [
    step_of(0, 0, 1.0, 1),
    step_of(1, 1, 2.0, 2, end="cut"),
    step_of(2, 0, 0.0, 0, real=False),
    step_of(0, 1, 4.0, 1),
    step_of(1, 0, 8.0, 2, end="over"),
]
"""Two episodes of two steps, the first cut off, the second over; between them a reset."""


@pytest.mark.parametrize(
    ("n_step", "expected"),
    [
        (1, [1 + 0.5 * 40, 2 + 0.5 * 60, 4 + 0.5 * 40, 8]),
        (2, [1 + 0.5 * 2 + 0.25 * 60, 2 + 0.5 * 60, 4 + 0.5 * 8, 8]),
    ],
)
def test_targets_of_episodes_cut_off_and_over(n_step: int, expected: list[float]) -> None:
    algorithm = build(gamma=0.5, n_step=n_step, capacity=10, batch_size=64)
    storage = algorithm.build_storage(1, 1, torch.device("cpu"))
    for step in SCRIPT:
        storage.add(step)
    batch = algorithm.batch(storage, 0, states(0), torch.Generator().manual_seed(0))
    targets = algorithm.targets(batch)
    found = dict(zip(batch["indices"].tolist(), targets.tolist(), strict=True))
    assert [found[number] for number in sorted(found)] == pytest.approx(expected)


def test_updates_for_each_step() -> None:
    assert build(updates_per_step=0.5).num_updates(8, 16) == 64
    assert build(updates_per_step=0.01).num_updates(1, 4) == 1


def test_blind_actions_become_rarer_and_come_from_the_generator() -> None:
    algorithm = build(epsilon_start=1.0, epsilon_end=0.2, epsilon_steps=100)
    observations = states(1).expand(4_000, 3)

    def seconds(env_steps: int) -> float:
        """Return the share of second actions, of which the best is none."""
        drawn = algorithm.act(observations, torch.Generator().manual_seed(0), env_steps)
        assert torch.equal(
            drawn["actions"],
            algorithm.act(observations, torch.Generator().manual_seed(0), env_steps)["actions"],
        )
        return drawn["actions"].float().mean().item()

    shares = [seconds(steps) for steps in (0, 50, 100, 1_000)]
    assert shares == pytest.approx([0.5, 0.3, 0.1, 0.1], abs=0.02)
    assert algorithm.greedy(states(0, 1, 2)).tolist() == [1, 0, 0]


def test_acting_keeps_no_graph_and_draws_as_much_whatever_is_chosen() -> None:
    generators = [torch.Generator().manual_seed(1) for _ in range(2)]
    for generator, epsilon in zip(generators, (0.0, 1.0), strict=True):
        algorithm = build(epsilon_start=epsilon, epsilon_end=epsilon)
        assert not algorithm.act(states(0), generator, 0)["actions"].requires_grad
    first, second = (generator.get_state() for generator in generators)
    assert torch.equal(first, second)


def test_errors_reach_the_buffer_when_it_is_flushed_and_once() -> None:
    algorithm = build(prioritized=True, capacity=10)

    given: list[tuple[Tensor, Tensor]] = []

    class Noting(ReplayBuffer):
        def update_priorities(self, indices: Tensor, errors: Tensor) -> None:
            given.append((indices, errors))

    storage = Noting(10, 1, CHOICE, torch.device("cpu"))
    algorithm.training_step(transitions([0, 1], [1, 0], [2.5, 7.0], [0, 0], [0.0, 0.0]))
    assert given == []
    algorithm.flush(storage)
    algorithm.flush(storage)
    ((indices, errors),) = given
    assert indices.tolist() == [0, 1] and errors.tolist() == [0.5, 4.0]


def trained(algorithm: DQN, optimizer: torch.optim.Optimizer, first: int, last: int) -> None:
    for number in range(first, last):
        batch = transitions([number % 3, 1], [0, 1], [1.0, number], [1, 2], [0.9, 0.9])
        optimizer.zero_grad()
        algorithm.training_step(batch).loss.backward()
        optimizer.step()


def test_a_restored_one_learns_the_same_bits() -> None:
    def fresh(seed: int) -> tuple[DQN, torch.optim.Optimizer]:
        torch.manual_seed(seed)
        algorithm = DQN(QNetwork((3,), 2, hidden_sizes=[8], dueling=True), CHOICE, target_every=3)
        return algorithm, torch.optim.SGD(
            [p for p in algorithm.parameters() if p.requires_grad], lr=0.1
        )

    whole, optimizer = fresh(0)
    trained(whole, optimizer, 0, 4)
    state = copy.deepcopy(whole.state_dict())
    trained(whole, optimizer, 4, 10)
    resumed, optimizer = fresh(1)
    resumed.load_state_dict(state)
    trained(resumed, optimizer, 4, 10)
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name


def test_the_example_is_a_batch() -> None:
    for spaces in (CHOICE, Spaces((2, 4, 4), "uint8", (), num_actions=3)):
        network = QNetwork(spaces.observation_shape, spaces.num_actions)
        algorithm = DQN(network, spaces, double=True)
        algorithm.training_step(algorithm.example(torch.device("cpu"))).loss.backward()


def test_actions_made_of_numbers_are_refused() -> None:
    spaces = Spaces((3,), "float32", (1,), low=(-1.0,), high=(1.0,))
    with pytest.raises(ConfigError, match=r"rl_config.algorithm=SAC"):
        DQN(Table(LEARNT), spaces)


def test_a_network_of_another_shape_is_refused() -> None:
    algorithm = DQN(nn.Linear(3, 5), CHOICE)
    with pytest.raises(DataError, match=r"gives \(2, 5\) for 2 observations.*2 actions"):
        algorithm.greedy(states(0, 1))
