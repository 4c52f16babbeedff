"""Each built-in strategy beside what it says that it does."""

import pytest
import torch
from torch import nn

from stride.active.pool.pool_reader import Reader
from stride.active.strategies import scores
from stride.active.strategies.badge import badge
from stride.active.strategies.builtin import STRATEGIES
from stride.active.strategies.coverage import k_center
from stride.active.strategies.query import build_strategy, select
from stride.data.array_dataset import ArrayDataset
from stride.errors import ConfigError
from stride.models.model import Model

CPU = torch.device("cpu")
BY_PROBABILITY = {
    "UncertaintySampling": scores.least_confident,
    "MarginSampling": scores.margin,
    "EntropySampling": scores.entropy,
}
BY_PASSES = {"BALD": scores.bald, "VariationRatio": scores.variation_ratio}
OF_CLASSES = [*BY_PROBABILITY, *BY_PASSES, "QueryByCommittee", "BADGE", "ExpectedGradientLength"]


def answer(name: str, model, pool, **kwargs):
    return build_strategy(name, kwargs).rule(model, pool)


def draws(pool) -> torch.Generator:
    return torch.Generator().manual_seed(pool.generator.initial_seed())


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_seed_and_the_round_decide(name: str, make_pool, make_model) -> None:
    model, other, strategy = make_model(), make_model(1), build_strategy(name)
    before = torch.get_rng_state()
    asked = [
        select(strategy, model, make_pool(committee=[model, other], **options))
        for options in ({}, {}, {"round_number": 2})
    ]
    assert torch.equal(asked[0].ids, asked[1].ids)
    assert torch.equal(asked[0].scores, asked[1].scores)
    assert len(asked[0].ids.unique()) == 6
    assert set(asked[0].ids.tolist()) <= set(range(10, 60))
    assert torch.equal(before, torch.get_rng_state())
    assert all(module.training for module in model.network.modules())
    random = {"UniformSampling", "BADGE", "BALD", "VariationRatio", "VarianceSampling"}
    if name in random:
        assert not torch.equal(asked[0].ids, asked[2].ids)


@pytest.mark.parametrize("name", BY_PROBABILITY)
def test_scores_are_of_the_probabilities(name: str, make_pool, make_model) -> None:
    model, pool = make_model(), make_pool()
    outputs = torch.cat(list(pool.outputs(model)))
    expected = BY_PROBABILITY[name](outputs.softmax(1))
    assert torch.allclose(answer(name, model, pool), expected, atol=1e-6)


@pytest.mark.parametrize("name", BY_PASSES)
def test_scores_are_of_passes_with_dropout(name: str, make_pool, make_model) -> None:
    model, pool = make_model(), make_pool()
    members = torch.cat(list(pool.dropout_outputs(model, 5)), 1).softmax(2)
    found = answer(name, model, pool, num_passes=5)
    assert torch.allclose(found, BY_PASSES[name](members), atol=1e-6)
    assert found.max() > 0


@pytest.mark.parametrize("disagreement", ["consensus", "vote_entropy"])
def test_scores_are_of_a_committee(disagreement: str, make_pool, make_model) -> None:
    models = [make_model(seed) for seed in range(3)]
    pool = make_pool(committee=models)
    members = torch.cat(list(pool.committee_outputs()), 1).softmax(2)
    found = answer("QueryByCommittee", models[0], pool, disagreement=disagreement)
    assert torch.allclose(found, getattr(scores, disagreement)(members), atol=1e-6)


def test_variances_are_of_outputs_as_they_are(make_pool, make_model) -> None:
    models = [make_model(seed, outputs=2, criterion=nn.MSELoss()) for seed in range(3)]
    pool = make_pool(committee=models)
    passes = torch.cat(list(pool.dropout_outputs(models[0], 4)), 1)
    found = answer("VarianceSampling", models[0], pool, num_passes=4)
    assert torch.allclose(found, scores.variance(passes))
    together = torch.cat(list(pool.committee_outputs()), 1)
    assert torch.allclose(answer("EnsembleVariance", None, pool), scores.variance(together))


def test_gradient_length_and_badge_take_what_goes_into_the_last_layer(
    make_pool, make_model
) -> None:
    model, pool = make_model(), make_pool()
    outputs, features = pool.collect(pool.outputs_and_features(model))
    found = answer("ExpectedGradientLength", model, pool)
    expected = scores.expected_gradient_length(outputs.softmax(1), features)
    assert torch.allclose(found, expected, rtol=1e-5)
    picks = badge(outputs.softmax(1), features, 6, draws(pool))
    assert answer("BADGE", model, make_pool()).positions.tolist() == picks.positions.tolist()


def test_a_core_set_keeps_from_what_is_labelled(make_pool, make_model) -> None:
    model, pool = make_model(), make_pool()
    known = pool.labelled_features(model)
    expected = k_center(pool.features(model), known, 6, draws(pool))
    assert torch.equal(answer("CoreSet", model, pool).positions, expected.positions)


def test_uniform_scores_are_those_of_the_pool(make_pool, make_model) -> None:
    pool = make_pool()
    expected = torch.rand(50, generator=draws(pool), dtype=torch.float64)
    assert torch.equal(answer("UniformSampling", make_model(), pool), expected)


def test_uniform_scores_are_uniform(make_pool, make_model) -> None:
    times = torch.zeros(60)
    for number in range(600):
        times[
            select(
                build_strategy("UniformSampling"), make_model(), make_pool(round_number=number)
            ).ids
        ] += 1
    assert times[:10].sum() == 0
    assert times[10:].min() > 72 - 4 * 8
    assert times[10:].max() < 72 + 4 * 8


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_binary_classifier_of_one_output_is_one_of_two(name: str, make_pool, make_model) -> None:
    one = make_model(outputs=1, criterion=nn.BCEWithLogitsLoss())
    two = make_model(outputs=2)
    two.network.load_state_dict(
        one.network.state_dict()
        | {"4.weight": torch.cat([0 * one.network[4].weight, one.network[4].weight])}
        | {"4.bias": torch.cat([0 * one.network[4].bias, one.network[4].bias])}
    )
    asked = [
        select(build_strategy(name), model, make_pool(committee=[model, model])).ids.tolist()
        for model in (one, two)
    ]
    assert asked[0] == asked[1] or name in ("QueryByCommittee", "EnsembleVariance")


@pytest.mark.parametrize("name", OF_CLASSES)
def test_numbers_have_no_classes_and_say_so_before_training(name: str, make_model) -> None:
    model = make_model(criterion=nn.MSELoss())
    with pytest.raises(ConfigError, match="MSELoss trains numbers"):
        build_strategy(name).require(model, [model, model])


@pytest.mark.parametrize("name", ["BALD", "VariationRatio", "VarianceSampling"])
def test_no_dropout_is_refused_before_training(name: str) -> None:
    with pytest.raises(ConfigError, match=r"Linear has no dropout.*choose another strategy"):
        build_strategy(name).require(Model(nn.Linear(2, 3), nn.CrossEntropyLoss()))


@pytest.mark.parametrize("name", ["QueryByCommittee", "EnsembleVariance"])
def test_one_model_is_no_committee(name: str, make_model) -> None:
    for committee, count in (((), "none"), ((make_model(),), "1")):
        with pytest.raises(ConfigError, match=f"needs several models, and there is {count}"):
            build_strategy(name).require(make_model(), committee)


@pytest.mark.parametrize("name", STRATEGIES)
def test_what_a_strategy_needs_is_enough(name: str, make_pool, make_model) -> None:
    model, committee = make_model(), [make_model(), make_model(1)]
    strategy = build_strategy(name)
    strategy.require(model, committee)
    assert len(select(strategy, model, make_pool(committee=committee)).ids) == 6


@pytest.fixture
def pixels():
    """Give images of which every pixel has a class, and a model of them."""
    data = ArrayDataset([torch.randn(60, 1, 4, 4), torch.randint(3, (60, 4, 4))])
    net = nn.Sequential(nn.Conv2d(1, 4, 1), nn.Dropout(0.3), nn.Conv2d(4, 3, 1))
    return data, Model(net, nn.CrossEntropyLoss())


@pytest.mark.parametrize("name", STRATEGIES)
def test_scores_of_pixels_are_averaged_or_refused(name: str, make_pool, pixels) -> None:
    data, model = pixels
    read = Reader(data, {"batch_size": 8}, seed=0, device=CPU)
    pool = make_pool(read=read, committee=[model, model])
    if name in ("BADGE", "ExpectedGradientLength"):
        with pytest.raises(ConfigError, match=f"{name} needs one class per sample"):
            select(build_strategy(name), model, pool)
        return
    asked = select(build_strategy(name), model, pool)
    assert len(asked.ids.unique()) == 6
    if name == "EntropySampling":
        logits = model.network.eval()(data.tensors[0][asked.ids])
        expected = scores.entropy(logits.softmax(1).movedim(1, -1)).mean((1, 2))
        assert torch.allclose(asked.scores, expected, atol=1e-6)


def test_the_radius_of_prob_cover_is_given_or_chosen(make_pool, make_model) -> None:
    model = make_model()
    near = answer("ProbCover", model, make_pool(), radius=1e-3)
    assert near.scores.tolist() == [1] * 6
    far = answer("ProbCover", model, make_pool(labelled=[]), radius=1e3)
    assert far.scores.tolist() == [50, 0, 0, 0, 0, 0]
    chosen = answer("ProbCover", model, make_pool(labelled=[]), purity=0.5, num_clusters=2)
    assert 1 < chosen.scores[0] < 50
