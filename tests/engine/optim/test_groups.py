"""Groups of parameters by patterns of their names."""

from collections import OrderedDict

import pytest
import torch
from torch import nn

from stride.config import Config
from stride.engine.optim.build import resolve_optimizer
from stride.engine.optim.optimizers import build_optimizers
from stride.engine.optim.rates import rates
from stride.errors import ComponentError, ConfigError
from stride.models.model import Model


def autoencoder():
    parts = OrderedDict(encoder=nn.Linear(3, 2), norm=nn.LayerNorm(2), decoder=nn.Linear(2, 3))
    return Model(nn.Sequential(parts), nn.MSELoss())


def made(groups, model=None, **section):
    values = {"optimizer_name": "AdamW", "lr": 0.1, **section, "groups": groups}
    return build_optimizers({"": resolve_optimizer(values)}, model or autoencoder()).only


NO_DECAY = {"match": ["*.bias", "norm.*"], "name": "no_decay", "weight_decay": 0}


def test_the_first_group_that_matches_has_a_parameter_and_the_section_the_others():
    model = autoencoder()
    built = made([NO_DECAY, {"match": "encoder.*", "lr": 1e-4}], model)
    names = {id(p): name for name, p in model.network.named_parameters()}
    found = [[names[id(p)] for p in group["params"]] for group in built.param_groups]
    assert found == [
        ["decoder.weight"],
        ["encoder.bias", "norm.weight", "norm.bias", "decoder.bias"],
        ["encoder.weight"],
    ]
    assert [group["lr"] for group in built.param_groups] == [0.1, 0.1, 1e-4]
    assert [group["weight_decay"] for group in built.param_groups] == [0.01, 0, 0.01]


def test_rows_have_rate_and_decay_of_each_group():
    built = made([NO_DECAY, {"match": "encoder.*", "lr": 1e-4}])
    assert rates(built) == {
        "lr": 0.1,
        "weight_decay": 0.01,
        "lr/no_decay": 0.1,
        "weight_decay/no_decay": 0,
        "lr/encoder": 1e-4,
        "weight_decay/encoder": 0.01,
    }


def test_where_groups_claim_everything_the_first_of_them_comes_first():
    built = made([{"match": "*.bias"}, {"match": "*", "lr": 0.5}])
    assert rates(built)["lr/bias"] == rates(built)["lr"] == 0.1
    assert rates(built)["lr/all"] == 0.5


def test_options_are_converted_and_written_as_they_are_understood():
    section = {"optimizer_name": "AdamW", "groups": [{"match": "*", "betas": [0.5, 0.9], "lr": 1}]}
    resolved = resolve_optimizer(section)["groups"]
    assert resolved == [{"match": "*", "betas": (0.5, 0.9), "lr": 1.0}]


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ([{"match": "*.bias", "weight_decy": 0}], r"groups\.0\.weight_decy.*'weight_decay'"),
        ([{"match": "*.bias", "lr": "much"}], r"groups\.0\.lr must be a number"),
        ([{"match": "*.bias", "params": []}], r"groups\.0\.params is given by STRIDE itself"),
        ([{"match": "*.bias", "fused": True}], r"fused is of the whole optimiser"),
        ([{"match": "a.*"}, {"match": "b", "name": "a"}], r"two groups are called 'a'"),
        ([{"match": "*", "name": "no decay"}], r"'no decay'.*groups\.0\).*'no_decay'"),
        ([{"match": "*", "name": "a/b"}], r"'a/b', which is not a name.*'a_b'"),
        ([{"match": "*", "name": "epoch_1"}], r"'epoch_1', by which rows of whole epochs"),
        ([{"match": "my head.*"}], r"'my head', which is not a name.*'my_head'"),
        ([{"match": "encodr.weight"}], r"'encodr.weight' matches no.*'encoder.weight'"),
        ([{"match": "*.gain"}], r"'\*.gain' matches no.*the parameters are encoder.weight, "),
        (
            [{"match": "enc*"}, {"match": "*der.*"}, {"match": "decoder.*"}],
            r"are in earlier groups",
        ),
    ],
)
def test_a_wrong_group_is_refused(groups, words):
    with pytest.raises(ConfigError, match=words):
        made(groups)


def test_a_value_that_the_optimiser_refuses_is_refused_in_a_group_too():
    with pytest.raises(ComponentError, match=r"Invalid learning rate.*optimizer_kwargs.groups.0"):
        made([{"match": "*.bias", "lr": -1}])


@pytest.mark.parametrize("group", [{}, {"match": ""}, {"match": []}, {"match": ["a", 1]}])
def test_a_group_without_a_pattern_is_refused_by_the_schema(group):
    with pytest.raises(ConfigError, match=r"groups\.0\.match must be a pattern"):
        Config.from_json({"work_dir": "w", "optimizer_kwargs": {"groups": [group]}})


def test_frozen_parameters_are_in_no_group():
    model = autoencoder()
    model.network.encoder.requires_grad_(False)
    assert len(made([{"match": "*.weight"}], model).param_groups[1]["params"]) == 2
    with pytest.raises(ConfigError, match=r"'encoder\.\*' matches no trained parameter"):
        made([{"match": "encoder.*"}], model)


def test_names_of_the_criterion_have_its_prefix():
    model = Model(nn.Linear(2, 2), nn.PReLU())
    built = made([{"match": "criterion:*", "lr": 0.5}], model)
    assert built.param_groups[1]["params"] == [model.criterion.weight]


def by_name(named_parameters, lr: float = 0.1):
    groups = [{"params": [p], "name": name, "lr": lr} for name, p in named_parameters]
    return torch.optim.SGD(groups)


def by_odd_names(named_parameters, names: list[str], lr: float):
    parts = zip(names, named_parameters, strict=False)
    return torch.optim.SGD([{"params": [p], "name": name} for name, (_, p) in parts], lr)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["all", "the head"], r"'the head', which is not a name.*'the_head'"),
        (["all", "all"], r"'all', and so is one before it.*another `name`"),
        (["a b", "a_b"], r"'a b', which is not a name.*another `name`"),
    ],
)
def test_groups_that_a_function_calls_by_no_name_of_a_rate_are_refused(names, words):
    path = f"{by_odd_names.__module__}:by_odd_names"
    with pytest.raises(ConfigError, match=words) as caught:
        made([], optimizer_name=path, names=names)
    assert caught.value.where == "optimizer_kwargs.optimizer_name"


def by_model(model: nn.Module, lr: float = 0.1):
    return torch.optim.SGD(model.encoder.parameters(), lr=lr)


def by_all(params, model, named_parameters, lr: float = 0.1):
    assert {name for name, _ in named_parameters} >= {"encoder.weight"} and model.decoder
    return torch.optim.SGD(params, lr=lr)


def test_a_factory_gets_what_it_asks_for():
    model = autoencoder()
    section = {"groups": [], "lr": 0.3}
    home = by_name.__module__
    named = made(**section, model=model, optimizer_name=f"{home}:by_name")
    assert rates(named)["lr/encoder.weight"] == 0.3
    of_model = made(**section, model=model, optimizer_name=f"{home}:by_model")
    assert of_model.param_groups[0]["params"] == [*model.network.encoder.parameters()]
    grouped = made([{"match": "*.bias", "lr": 1.0}], model, optimizer_name=f"{home}:by_all")
    assert [group["lr"] for group in grouped.param_groups] == [0.1, 1.0]
    with pytest.raises(ConfigError, match="takes `model`, and makes its own groups"):
        made([{"match": "*.bias"}], model, optimizer_name=f"{home}:by_model")
