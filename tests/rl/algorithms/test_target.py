"""When a target network moves, how far, and that a resumed one moves likewise."""

import copy

import torch
from torch import nn

from stride.rl.algorithms.target import TargetNetwork


class Number(nn.Module):
    """A network of one parameter and one buffer."""

    def __init__(self, value: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(value))
        self.register_buffer("count", torch.tensor(0))


def put(network: Number, value: float) -> None:
    with torch.no_grad():
        network.weight.fill_(value)
        network.count.fill_(int(value))


def moves(target: TargetNetwork, network: Number, first: int, last: int) -> list[float]:
    """Return the target's weight in each update; the network's is the update's number."""
    weights = []
    for update in range(first, last):
        put(network, update)
        target.follow(network)
        weights.append(target.network.weight.item())
    return weights


def test_a_copy_at_every_third_update() -> None:
    network = Number(7.0)
    target = TargetNetwork(network, every=3)
    assert moves(target, network, 0, 8) == [0, 0, 0, 3, 3, 3, 6, 6]
    assert target.network.count == 6


def test_a_share_of_the_way_at_each_update_after_a_first_copy() -> None:
    network = Number(7.0)
    target = TargetNetwork(network, tau=0.5)
    # Weights put into the network after the target was made count: 10, not 7.
    assert moves(target, network, 10, 13) == [10, 10.5, 11.25]
    assert target.network.count == 12  # what is counted has no middle


def test_a_restored_one_moves_as_the_first_would() -> None:
    network = Number()
    target = TargetNetwork(network, tau=0.25, every=2)
    moves(target, network, 0, 3)
    state = copy.deepcopy(target.state_dict())
    expected = moves(target, network, 3, 9)
    restored = TargetNetwork(Number(), tau=0.25, every=2)
    restored.load_state_dict(state)
    assert moves(restored, network, 3, 9) == expected


def test_it_is_not_trained_and_has_no_dropout() -> None:
    target = TargetNetwork(nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.9)))
    target.train()
    assert not any(module.training for module in target.modules())
    assert not any(p.requires_grad for p in target.parameters())
    inputs = torch.ones(2, 3)
    assert torch.equal(target(inputs), target(inputs))
