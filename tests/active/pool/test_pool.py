"""What streams over the pool: in evaluation mode, in the order of the ids, and without a trace."""

import random
import weakref

import numpy as np
import pytest
import torch
from torch import nn

from stride.active.pool.candidates import Candidates
from stride.active.pool.pool import Pool
from stride.engine.evaluate import evaluate
from stride.engine.precision import Precision
from stride.errors import ConfigError, DataError
from stride.metrics.build import build_metrics

CPU = torch.device("cpu")


def state(model) -> list[torch.Tensor]:
    return [value.clone() for value in model.network.state_dict().values()]


def modes(model) -> list[bool]:
    return [module.training for module in model.network.modules()]


def draws() -> tuple[object, ...]:
    return random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()


def ask_everything(pool: Pool, model) -> None:
    for stream in (pool.outputs, pool.labelled_outputs, pool.outputs_and_features):
        list(stream(model))
    list(pool.dropout_outputs(model, 3))
    list(pool.committee_outputs())
    pool.score(model, lambda outputs: outputs.sum(1))
    pool.predictions(model)
    pool.features(model)
    pool.labelled_features(model)


def test_outputs_come_in_the_order_of_the_ids_as_in_evaluation(make_pool, make_model, data) -> None:
    model, ids = make_model(), torch.tensor([40, 11, 59, 12, 13, 30, 31, 32, 33, 20])
    found = torch.cat(list(make_pool(ids=ids).outputs(model)))
    expected = model.network.eval()(data.tensors[0][ids])
    assert torch.allclose(found, expected, atol=1e-6)
    assert not found.requires_grad
    labelled = torch.cat(list(make_pool(labelled=[4, 2]).labelled_outputs(model)))
    assert torch.allclose(labelled, model.network(data.tensors[0][[4, 2]]), atol=1e-6)


def test_nothing_is_left_of_what_was_asked(make_pool, make_model) -> None:
    model = make_model()
    model.network[1].eval()
    before = modes(model), draws(), [value.tolist() for value in state(model)]
    ask_everything(make_pool(committee=[model, make_model(1)]), model)
    assert (modes(model), draws(), [value.tolist() for value in state(model)]) == before


def test_between_two_batches_all_is_as_it_was(make_pool, make_model) -> None:
    model, other = make_model(), make_model(1)
    before, pool = (modes(model), draws()), make_pool(committee=[model, other])
    streams = [
        pool.outputs(model),
        pool.outputs_and_features(model),
        pool.dropout_outputs(model, 2),
    ]
    for stream in [*streams, pool.committee_outputs()]:
        next(stream)
        assert (modes(model), draws()) == before
    assert not [m for m in model.network.modules() if m._forward_pre_hooks]


def test_an_error_in_the_network_leaves_nothing_behind(make_pool, make_model) -> None:
    model = make_model()
    model.network[4] = nn.Linear(9, 3)
    before = modes(model), draws()
    for ask in (make_pool().features, lambda m: list(make_pool().dropout_outputs(m, 2))):
        with pytest.raises(RuntimeError):
            ask(model)
        assert (modes(model), draws()) == before
    assert not [m for m in model.network.modules() if m._forward_pre_hooks]


def test_passes_with_dropout_differ_and_are_the_same_in_the_same_round(
    make_pool, make_model
) -> None:
    model = make_model()
    first = torch.cat(list(make_pool().dropout_outputs(model, 4)), 1)
    torch.rand(3)  # what was drawn elsewhere does not matter
    again = torch.cat(list(make_pool().dropout_outputs(model, 4)), 1)
    assert first.shape == (4, 50, 3)
    assert torch.equal(first, again)
    assert not torch.equal(first[0], first[1])
    for other in ({"seed": 4}, {"round_number": 2}):
        assert not torch.equal(
            first, torch.cat(list(make_pool(**other).dropout_outputs(model, 4)), 1)
        )


class Noisy(nn.Module):
    """Draws whatever its mode."""

    def forward(self, inputs):
        return torch.rand(len(inputs), 3)


def test_no_two_batches_have_the_same_draws(make_pool, make_model) -> None:
    model, pool = make_model(), make_pool(ids=[10] * 16, committee=[Noisy(), Noisy()])
    streams = (pool.outputs(Noisy()), pool.committee_outputs(), pool.dropout_outputs(model, 2))
    for first, second in streams:
        assert first.shape == second.shape and not torch.equal(first, second)


def test_passes_with_dropout_use_the_statistics_of_training(make_pool, make_model) -> None:
    model = make_model()
    model.network[3].p = 1e-9
    passes = torch.cat(list(make_pool().dropout_outputs(model, 2)), 1)
    plain = torch.cat(list(make_pool().outputs(model)))
    assert torch.allclose(passes[0], plain)


def test_a_committee_answers_together(make_pool, make_model) -> None:
    models = [make_model(seed) for seed in range(3)]
    pool = make_pool(committee=models)
    found = torch.cat(list(pool.committee_outputs()), 1)
    for one, outputs in zip(models, found, strict=True):
        assert torch.equal(outputs, torch.cat(list(pool.outputs(one))))


def test_scores_are_one_per_sample_and_the_mean_of_a_samples(make_pool, make_model) -> None:
    model, pool = make_model(), make_pool()
    outputs = torch.cat(list(pool.outputs(model))).double()
    found = pool.score(model, lambda some: some.double())
    assert torch.allclose(found, outputs.mean(1))
    assert found.dtype is torch.float64


def test_a_function_that_gives_other_numbers_is_refused(make_pool, make_model) -> None:
    with pytest.raises(DataError, match="1 scores were given for 50 samples"):
        make_pool().score(make_model(), lambda some: some[:1, 0])


def test_features_are_what_goes_into_the_last_layer(make_pool, make_model, data) -> None:
    model, pool = make_model(), make_pool()
    for found, ids in (
        (pool.features(model), pool.ids),
        (pool.labelled_features(model), pool.labelled),
    ):
        expected = model.network.eval()[:4](data.tensors[0][ids])
        assert torch.allclose(found, expected, atol=1e-6)
    named = make_pool(feature_layer="0").features(model)
    assert torch.allclose(named, model.network[0](data.tensors[0][10:]), atol=1e-6)


def test_outputs_and_features_belong_together(make_pool, make_model) -> None:
    model, pool = make_model(), make_pool()
    outputs, features = pool.collect(pool.outputs_and_features(model))
    assert torch.equal(features, pool.features(model))
    assert torch.equal(outputs, torch.cat(list(pool.outputs(model))))


def test_targets_of_the_labelled_are_there(make_pool, data) -> None:
    pool = make_pool(labelled=[5, 3, 4])
    assert torch.equal(pool.labelled_targets(), data.tensors[1][[5, 3, 4]])


def test_predictions_are_classes(make_pool, make_model) -> None:
    model, pool = make_model(), make_pool()
    assert torch.equal(pool.predictions(model), torch.cat(list(pool.outputs(model))).argmax(1))
    binary = make_model(outputs=1, criterion=nn.BCEWithLogitsLoss())
    expected = (torch.cat(list(pool.outputs(binary)))[:, 0] > 0).long()
    assert torch.equal(pool.predictions(binary), expected)
    with pytest.raises(ConfigError, match="class_weights needs one class per sample"):
        pool.predictions(make_model(criterion=nn.BCEWithLogitsLoss()))


def test_no_more_are_asked_for_than_are_left(make_pool) -> None:
    assert make_pool(count=7).count == 7
    assert make_pool(count=70).count == len(make_pool()) == 50


def test_draws_of_a_round_are_its_own(make_pool) -> None:
    one, same = (torch.rand(3, generator=make_pool().generator) for _ in range(2))
    assert torch.equal(one, same)
    assert not torch.equal(one, torch.rand(3, generator=make_pool(round_number=2).generator))
    assert not torch.equal(one, torch.rand(3, generator=make_pool(seed=4).generator))
    # A change here changes what earlier runs, done again, would ask for.
    assert make_pool(seed=3, round_number=1).seed == 1610687992635741633


def test_the_precision_is_that_of_evaluation(make_pool, make_model) -> None:
    pool = make_pool(precision=Precision("bf16", CPU))
    assert next(pool.outputs(make_model())).dtype is torch.bfloat16
    assert pool.features(make_model()).dtype is torch.float32
    assert next(make_pool().outputs(make_model())).dtype is torch.float32


def test_the_accuracy_of_predictions_is_that_of_evaluation(make_pool, make_model, read) -> None:
    model, pool = make_model(), make_pool()
    metrics = build_metrics(["accuracy"], None)
    values = evaluate(
        model, read(pool.ids), metrics, split="validation", precision=Precision("fp32", CPU)
    )
    right = pool.predictions(model) == torch.cat([batch[1] for batch in read(pool.ids)])
    assert float(right.double().mean()) == pytest.approx(values["validation/epoch_accuracy"])


def test_the_memory_does_not_grow_with_the_pool(make_pool, make_model, monkeypatch) -> None:
    monkeypatch.setattr("stride.active.pool.outputs.BLOCK_NUMBERS", 60)
    alive, most = weakref.WeakSet(), []

    def read(ids):
        for part in ids.split(8):
            inputs = torch.randn(len(part), 5)
            alive.add(inputs)
            most.append(len(alive))
            yield (inputs,)

    model = make_model()
    model.network.register_forward_hook(lambda _, args, output: alive.add(output))
    for count in (50, 5000):
        pool = make_pool(read=read, ids=torch.arange(count))
        assert len(pool.score(model, lambda some: some.sum(1))) == count
        assert len(pool.features(model)) == count
    assert max(most) < 10


def test_an_empty_pool_gives_nothing(make_pool, make_model) -> None:
    pool, model = make_pool(ids=[]), make_model()
    assert len(pool) == pool.count == 0
    assert len(pool.score(model, lambda some: some)) == len(pool.features(model)) == 0
    assert len(pool.predictions(model)) == 0


def test_features_of_candidates_are_those_of_the_networks_that_answer(make_pool, make_model):
    networks = [make_model(seed).network for seed in (0, 1)]
    pool, named = make_pool(), make_pool(feature_layer="0")
    alone = [pool.features(network) for network in networks]
    one, both = Candidates(networks), Candidates(networks, together=True)
    one.choose(1)
    assert torch.equal(pool.features(one), alone[1])
    assert torch.equal(pool.features(both), torch.cat(alone, 1))
    assert torch.equal(named.features(one), named.features(networks[1]))
    outputs, features = next(pool.outputs_and_features(both))
    assert features.shape == (8, 16) and torch.equal(outputs, next(pool.outputs(both)))
