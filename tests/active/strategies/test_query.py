"""Finding a strategy, checking its arguments, and reading what it gave."""

import pytest
import torch
from torch import nn

from stride.active.strategies.query import Strategy, build_strategy, select
from stride.active.strategies.selection import top_k
from stride.errors import ComponentError, ConfigError, DataError, NonFiniteError

MINE = """
import torch
seen = []

def rule(model, pool, power: float = 1.0):
    return pool.score(model, lambda outputs: outputs[:, 0].abs() ** power)

class Nearest:
    def __init__(self, to: int = 0):
        self.to = to
    def __call__(self, model, pool):
        return (pool.ids - self.to).abs().topk(pool.count, largest=False).indices

def wild(model, pool):
    seen.append(model.network.training)
    return torch.rand(len(pool))
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """Write a module of rules, importable as my_rules."""
    (tmp_path / "my_rules.py").write_text(MINE)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    import sys

    sys.modules.pop("my_rules", None)


def given(answer) -> Strategy:
    return Strategy("given", lambda model, pool: answer)


def test_the_largest_scores_are_asked_in_their_order(make_pool, make_model) -> None:
    numbers = torch.arange(50.0).roll(7)
    asked = select(given(numbers), make_model(), make_pool())
    assert asked.ids.tolist() == [16, 15, 14, 13, 12, 11]
    assert asked.scores.tolist() == [49, 48, 47, 46, 45, 44]
    assert asked.scores.dtype is torch.float64


@pytest.mark.parametrize("positions", [[4, 0, 49], torch.tensor([4, 0, 49], dtype=torch.int32)])
def test_whole_numbers_are_positions_in_the_order_of_asking(
    positions, make_pool, make_model
) -> None:
    asked = select(given(positions), make_model(), make_pool())
    assert asked.ids.tolist() == [14, 10, 59]
    assert asked.scores.isnan().all()


def test_no_more_positions_are_taken_than_are_asked_for(make_pool, make_model) -> None:
    asked = select(given(list(range(20))), make_model(), make_pool(count=2))
    assert asked.ids.tolist() == [10, 11]


def test_of_a_small_pool_all_are_asked_and_of_an_empty_one_none(make_pool, make_model) -> None:
    small = make_pool(ids=[3, 8, 5], labelled=[1])
    assert select(given([0.1, 0.9, 0.5]), make_model(), small).ids.tolist() == [8, 5, 3]
    empty = select(build_strategy("CoreSet"), make_model(), make_pool(ids=[]))
    assert len(empty.ids) == len(empty.scores) == 0


def test_ties_are_broken_by_the_seed_and_the_round(make_pool, make_model) -> None:
    model, same = make_model(), given(torch.zeros(50))
    found = [select(same, model, make_pool(seed=s)).ids.tolist() for s in (1, 1, 2)]
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (torch.zeros(49), r"torch.float32, \(49,\)"),
        (torch.zeros(50, 1), r"\(50, 1\)"),
        (torch.zeros(50, dtype=torch.bool), "torch.bool"),
        ([50], "positions that are not in it"),
        ([-1], "positions that are not in it"),
        ([3, 3], "positions twice"),
        ("all", "a str"),
        (None, "a NoneType"),
    ],
)
def test_what_is_neither_scores_nor_positions_is_refused(
    answer, what: str, make_pool, make_model
) -> None:
    with pytest.raises(DataError, match=rf"given gave .*{what}.* for a pool of 50 samples"):
        select(given(answer), make_model(), make_pool())


def test_scores_that_are_not_finite_are_refused_with_the_strategys_name(
    make_pool, make_model
) -> None:
    numbers = torch.zeros(50)
    numbers[7] = torch.nan
    with pytest.raises(NonFiniteError, match=r"scores of given of 1 of 50 .* position 7"):
        select(given(numbers), make_model(), make_pool())
    broken = make_model()
    nn.init.constant_(broken.network[4].bias, torch.nan)
    with pytest.raises(NonFiniteError, match="scores of EntropySampling of 50 of 50"):
        select(build_strategy("EntropySampling"), broken, make_pool())


def test_class_weights_limit_the_predicted_classes(make_pool, make_model) -> None:
    model, strategy = make_model(), build_strategy("EntropySampling")
    pool = make_pool(count=10)
    predicted = pool.predictions(model)
    often = int(predicted.mode().values)
    asked = select(strategy, model, pool, class_weights={often: 0.2})
    assert int((predicted[asked.ids - 10] == often).sum()) == 2
    plain = select(strategy, model, make_pool(count=10))
    assert int((predicted[plain.ids - 10] == often).sum()) > 2


@pytest.mark.parametrize("name", ["CoreSet", "BADGE", "TypiClust", "ProbCover"])
def test_class_weights_are_refused_where_there_are_no_scores(name: str, make_model) -> None:
    with pytest.raises(ConfigError, match=f"class_weights has no effect on {name}"):
        build_strategy(name).require(make_model(), (), {0: 0.5})


def test_class_weights_are_refused_for_positions(make_pool, make_model) -> None:
    with pytest.raises(ConfigError, match="class_weights has no effect on given"):
        select(given([1, 2]), make_model(), make_pool(), class_weights={0: 0.5})


def test_a_strategy_is_found_by_an_import_path(mine, make_pool, make_model) -> None:
    model = make_model()
    strategy = build_strategy("my_rules:rule", {"power": 2.0})
    assert strategy.arguments == {"power": 2.0}
    outputs = torch.cat(list(make_pool().outputs(model)))
    expected = top_k(outputs[:, 0].double().abs(), 6, torch.Generator())
    assert torch.equal(select(strategy, model, make_pool()).ids, expected + 10)


def test_a_class_is_made_and_then_called(mine, make_pool, make_model) -> None:
    strategy = build_strategy("my_rules:Nearest", {"to": 30})
    found = select(strategy, make_model(), make_pool(count=3))
    assert sorted(found.ids.tolist()) == [29, 30, 31]


def test_a_function_or_object_may_be_given(make_pool, make_model) -> None:
    def mine(network, samples, first: int = 0):
        return list(range(first, first + samples.count))

    strategy = build_strategy(mine, {"first": 4})
    assert select(strategy, make_model(), make_pool(count=2)).ids.tolist() == [14, 15]
    assert "mine" in strategy.name


def test_a_rule_of_ones_own_is_seeded_and_in_evaluation_mode(mine, make_pool, make_model) -> None:
    model, before = make_model(), torch.get_rng_state()
    strategy = build_strategy("my_rules:wild")
    found = [select(strategy, model, make_pool(seed=s)).ids.tolist() for s in (1, 1, 2)]
    assert found[0] == found[1] != found[2]
    assert torch.equal(before, torch.get_rng_state())
    import my_rules

    assert my_rules.seen == [False] * 3
    assert model.network.training


def test_all_is_as_before_when_a_rule_fails(make_pool, make_model) -> None:
    def failing(model, pool):
        torch.rand(1)
        for _ in pool.outputs(model):
            raise ZeroDivisionError

    model, before = make_model(), torch.get_rng_state()
    with pytest.raises(ZeroDivisionError):
        select(build_strategy(failing), model, make_pool())
    assert model.network.training
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("name", "kwargs", "what"),
    [
        ("BALD", {"num_pases": 5}, r"strategy_kwargs.num_pases.*num_passes"),
        ("BALD", {"num_passes": "many"}, r"strategy_kwargs.num_passes"),
        ("BALD", {"pool": 1}, r"strategy_kwargs.pool is given by STRIDE itself"),
        ("EntropySampling", {"num_passes": 5}, r"strategy_kwargs.num_passes"),
        ("QueryByCommittee", {"disagreement": "votes"}, r"strategy_kwargs.disagreement"),
        ("ProbCover", {"radius": "wide"}, r"strategy_kwargs.radius"),
    ],
)
def test_wrong_arguments_are_refused(name: str, kwargs: dict[str, object], what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        build_strategy(name, kwargs)


def test_arguments_are_complete_for_the_config() -> None:
    assert build_strategy("BALD").arguments == {"num_passes": 10}
    assert build_strategy("BALD", {"num_passes": 3}).arguments == {"num_passes": 3}


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("EntropySamplin", "did you mean 'EntropySampling'"),
        ("xyz", "type one of UniformSampling, .* or an import path"),
        ("no_such_module:rule", "there is no module"),
    ],
)
def test_an_unknown_strategy_is_refused_with_the_nearest(name: str, what: str) -> None:
    with pytest.raises(ComponentError, match=what):
        build_strategy(name)
