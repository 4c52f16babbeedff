"""The network that suits the labelled set is told from the others, also by very few labels."""

import math

import pytest
import torch
from torch import nn

from stride.active.pool.pool import Pool
from stride.active.pool.pool_reader import Reader
from stride.active.transferability.model_selection import (
    choose,
    rate,
    require_selection,
    trains_numbers,
)
from stride.data.array_dataset import ArrayDataset
from stride.data.digits import digits
from stride.errors import ConfigError, NonFiniteError
from stride.models.mlp import MLP
from stride.models.model import Model

CPU = torch.device("cpu")
RULES = ("LogME", "LEEP", "NCE", "HScore", "NLEEP", "accuracy")


def pool_of(inputs, targets, labelled=None, **options) -> Pool:
    data = ArrayDataset([inputs, targets])
    read = Reader(data, {"batch_size": 16}, seed=0, device=CPU)
    labelled = range(len(inputs)) if labelled is None else labelled
    return Pool(read, [], labelled, count=1, **options)


def net(seed: int = 0, size: int = 5, outputs: int = 3) -> nn.Module:
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(size, 8), nn.Tanh(), nn.Linear(8, outputs))


def drawn(count: int, classes: int = 3, seed: int = 0):
    draw = torch.Generator().manual_seed(seed)
    inputs = torch.randn(count, 5, generator=draw)
    return inputs, torch.randint(classes, (count,), generator=draw)


def mlp(seed: int) -> nn.Module:
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        return MLP([1, 8, 8], [10], hidden=[32], dropout=0.0)


def trained(seed: int) -> nn.Module:
    """Give a network that has learned digits of other samples than the first thousand."""
    network, (images, labels) = mlp(seed), digits().tensors
    optimizer = torch.optim.Adam(network.parameters(), 0.01)
    for _ in range(40):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(images[1000:]), labels[1000:]).backward()
        optimizer.step()
    return network


@pytest.mark.parametrize("seed", range(5))
def test_a_network_that_knows_the_task_is_told_from_one_that_does_not(seed) -> None:
    images, labels = digits().tensors
    networks = [mlp(seed + 100), trained(seed)]
    chosen = torch.randperm(1000, generator=torch.Generator().manual_seed(seed))[:60]
    pool = pool_of(images, labels, chosen)
    for rule in (*RULES[:4], "accuracy"):
        scores = rate(networks, pool, rule)
        assert scores[1] > scores[0] and choose(scores) == 1
    # Of few samples each can be a component of its own: the mixture wants more of them.
    scores = rate(networks, pool_of(images, labels, range(400)), "NLEEP")
    assert scores[1] > scores[0]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("count", [1, 2, 3, 4, 10])
def test_very_few_labels_give_finite_scores(rule, count) -> None:
    inputs, targets = drawn(count)
    alike = torch.zeros_like(inputs)
    for given in (inputs, alike, inputs[:1].expand(count, 5)):
        scores = rate([net(0), net(1, outputs=4)], pool_of(given, targets), rule)
        assert all(map(math.isfinite, scores))
    assert scores == rate([net(0), net(1, outputs=4)], pool_of(given, targets, seed=0), rule)


@pytest.mark.parametrize("rule", RULES[:-1])
def test_labels_of_one_class_tell_nothing(rule) -> None:
    pool = pool_of(drawn(10)[0], torch.ones(10, dtype=torch.int64))
    assert rate([net(0), net(1)], pool, rule) == [0.0, 0.0]
    assert rate([net(0)], pool_of(drawn(10)[0], torch.zeros(10, 2)), "LogME", regression=True) == [
        0.0
    ]


def test_accuracy_is_that_of_the_labelled_samples_alone() -> None:
    inputs, targets = drawn(20)
    network = net(3)
    right = (network(inputs).argmax(1) == targets).double()
    found = rate([network], pool_of(inputs, targets, [0, 5, 7, 19]), "accuracy")
    assert found == [float(right[[0, 5, 7, 19]].mean())]


def test_samples_without_a_label_do_not_count() -> None:
    inputs, targets = drawn(20)
    kept = torch.arange(20) % 3 > 0
    masked = torch.where(kept, targets, -100)
    for rule in RULES:
        found = rate([net(0)], pool_of(inputs, masked), rule)
        assert found == pytest.approx(rate([net(0)], pool_of(inputs[kept], targets[kept]), rule))


def test_numbers_are_explained_by_features_that_hold_them() -> None:
    inputs, _ = drawn(30)
    knows, not_ = net(0, outputs=1), net(1, outputs=1)
    targets = knows(inputs).detach()
    pools = [pool_of(inputs, targets), pool_of(inputs, targets[:, 0])]
    for pool in pools:
        scores = rate([not_, knows], pool, "LogME", regression=True)
        assert scores[1] > scores[0] + 1


def test_labels_of_two_classes_may_be_numbers() -> None:
    inputs, _ = drawn(30)
    model = Model(net(0, outputs=1), nn.BCEWithLogitsLoss())
    targets = (model.network(inputs) > 0).float().detach()
    for given in (targets, targets[:, 0]):
        assert rate([model], pool_of(inputs, given), "accuracy") == [1.0]
        assert rate([model], pool_of(inputs, given), "NCE") == [0.0]


def test_several_labels_of_a_sample_are_columns_for_logme_alone() -> None:
    inputs, _ = drawn(30)
    pool = pool_of(inputs, (inputs[:, :2] > 0).float())
    assert math.isfinite(rate([net(0)], pool, "LogME")[0])
    with pytest.raises(ConfigError, match=r"LEEP needs one class for each sample; .* \(30, 2\)"):
        rate([net(0)], pool, "LEEP")


def test_a_network_gone_wrong_is_not_chosen() -> None:
    broken = net(1)
    nn.init.constant_(broken[0].weight, math.nan)
    for rule in RULES:
        scores = rate([broken, net(0)], pool_of(*drawn(10)), rule)
        assert math.isnan(scores[0]) and choose(scores) == 1


def test_of_equal_scores_the_first_is_chosen() -> None:
    assert choose([0.5, 1.0, 1.0, math.nan]) == 1
    assert choose([-math.inf, math.inf, -5.0]) == 2
    with pytest.raises(NonFiniteError, match="no candidate gives finite outputs"):
        choose([math.nan, math.inf])


def test_a_rule_that_cannot_serve_is_refused() -> None:
    for rule in RULES:
        require_selection(rule, nn.CrossEntropyLoss())
        require_selection(rule, nn.BCEWithLogitsLoss())
    require_selection("LogME", nn.MSELoss())
    with pytest.raises(ConfigError, match=r"LEEP needs classes, and MSELoss trains numbers.*LogME"):
        require_selection("LEEP", nn.MSELoss())
    with pytest.raises(ConfigError, match=r"there is no rule 'LogMe' .*; did you mean 'LogME'"):
        require_selection("LogMe", nn.MSELoss())
    assert [trains_numbers(one) for one in (nn.L1Loss(), nn.BCELoss())] == [True, False]
