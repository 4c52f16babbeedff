"""Open keys against signatures."""

import json
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from stride.components import bind, binding_errors, construct, find
from stride.config.values import Raw, plain
from stride.errors import ComponentError, ConfigError


class Net:
    def __init__(
        self,
        data: Any,
        width: int,
        name: str | None = None,
        act: type[nn.Module] = nn.ReLU,
        sizes: tuple[int, ...] = (1, 2),
    ) -> None: ...


def open_net(width: int, **kwargs: Any) -> None: ...


def build_net(values: dict[str, Any]) -> dict[str, Any]:
    return bind(Net, values, section="model_kwargs", supplied=["data"])


def test_values_are_converted_and_defaults_filled_in() -> None:
    found = build_net({"width": Raw("8"), "name": Raw("007")})
    assert found == {"width": 8, "name": "007", "sizes": (1, 2)}
    assert "act" not in found  # JSON cannot hold a class


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"widht": 8}, "unknown key model_kwargs.widht; did you mean 'width'?"),
        ({"width": 1, "model_nmae": "x"}, "model_kwargs.model_nmae; did you mean 'model_name'?"),
        ({"width": 1, "patience": 3}, "did you mean 'training_config.patience'?"),
        ({"width": 1, "zzz": 3}, "the keys here are act, freeze, init_from, model_name, "),
        ({"width": 1, "data": 2}, "model_kwargs.data is given by STRIDE itself; leave it out"),
        ({}, "model_kwargs.width is missing: Net needs it; type: model_kwargs.width="),
        ({"width": True}, "model_kwargs.width must be a whole number, not true"),
        ({"width": 1, "act": "nn.ReLU"}, "model_kwargs.act wants a type[torch.nn.modules.module."),
    ],
)
def test_a_key_or_value_that_does_not_fit_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build_net(values)
    assert message in str(caught.value)
    assert caught.value.key.startswith("model_kwargs.")


def test_all_wrong_keys_and_values_are_told_together() -> None:
    with pytest.raises(ConfigError) as caught:
        build_net({"widht": 8, "name": 3, "data": 1})
    assert [one.key for one in caught.value.each] == [
        "model_kwargs.widht",
        "model_kwargs.name",
        "model_kwargs.data",
    ]
    assert str(caught.value).startswith("3 mistakes in the config: (1) unknown key model_kwargs.wi")
    found = binding_errors(Net, {"nmae": 1}, section="model_kwargs", supplied=["data"])
    assert [one.key for one in found] == ["model_kwargs.nmae"]  # width is not asked for


def test_a_default_that_no_annotation_lets_be_read_again_is_not_written() -> None:
    def make(ends: nn.Module = 1, clip: float = float("inf")) -> None: ...  # type: ignore[assignment]

    assert bind(make, {}, section="model_kwargs") == {"clip": float("inf")}


def test_kwargs_take_what_is_left() -> None:
    values = {"width": Raw("8"), "a": Raw("1e-3"), "b": Raw("no"), "c": [1]}
    found = bind(open_net, values, section="model_kwargs")
    assert found == {"width": 8, "a": 1e-3, "b": "no", "c": [1]}


def test_a_constructor_without_a_signature_takes_anything() -> None:
    assert bind(dict, {"a": Raw("1"), "b": "x"}, section="s") == {"a": 1, "b": "x"}


def test_a_list_that_was_meant_as_a_tensor_is_told() -> None:
    def make(scale, width: list[int]) -> None:  # type: ignore[no-untyped-def]
        nn.Parameter(scale)

    with pytest.raises(ComponentError, match="if scale is to be a tensor, annotate it: scale: Ten"):
        construct(make, section="model_kwargs", scale=[1.0], width=[1])


def test_adamw() -> None:
    values = {"lr": Raw("3e-3"), "betas": Raw("[0.8, 0.9]"), "fused": Raw("true")}
    made = find("optimizer", "AdamW")
    found = bind(made, values, section="optimizer_kwargs", supplied=["params"])
    assert found["lr"] == 3e-3
    assert found["betas"] == (0.8, 0.9)
    assert found["weight_decay"] == 0.01
    assert found["fused"] is True
    made([nn.Parameter(torch.zeros(1))], **found)


def test_schedulers() -> None:
    made = find("scheduler", "CosineAnnealingLR")
    found = bind(made, {"T_max": Raw("10")}, section="scheduler_kwargs", supplied=["optimizer"])
    assert found == {"T_max": 10, "eta_min": 0.0, "last_epoch": -1}
    for values in ({}, {"lr_lambda": Raw("lambda n: 1")}):
        with pytest.raises(ConfigError, match=r"Callable.* which a config cannot hold"):
            bind(find("scheduler", "LambdaLR"), values, section="s", supplied=["optimizer"])


def test_a_criterion_with_weights() -> None:
    made = find("criterion", "CrossEntropyLoss")
    found = bind(made, {"label_smoothing": Raw("0.1")}, section="criterion_kwargs")
    assert isinstance(made(**found), nn.CrossEntropyLoss)
    for value in ([1.0, 2.0], torch.tensor([1.0, 2.0])):
        found = bind(made, {"weight": value}, section="criterion_kwargs")
        assert torch.equal(made(**found).weight, torch.tensor([1.0, 2.0]))
    with pytest.raises(ConfigError, match=r"criterion_kwargs\.weight"):
        bind(made, {"weight": "heavy"}, section="criterion_kwargs")


@pytest.mark.parametrize(
    ("kind", "name", "values", "supplied"),
    [
        ("optimizer", "AdamW", {"betas": (0.1, 0.2)}, ["params"]),
        ("optimizer", "SGD", {}, ["params"]),
        ("scheduler", "OneCycleLR", {"max_lr": [0.1, 0.2]}, ["optimizer"]),
        ("scheduler", "ReduceLROnPlateau", {}, ["optimizer"]),
        ("criterion", "HuberLoss", {"delta": 2}, []),
        ("model", "Linear", {"in_features": 2, "out_features": 3}, []),
    ],
)
def test_binding_what_was_bound_and_written_changes_nothing(
    kind: str, name: str, values: dict[str, Any], supplied: list[str]
) -> None:
    first = bind(find(kind, name), values, section="s", supplied=supplied)
    again = json.loads(json.dumps(plain(first)))
    assert repr(bind(find(kind, name), again, section="s", supplied=supplied)) == repr(first)


def test_data_loader_keys() -> None:
    values = {"num_workers": Raw("2"), "drop_last": Raw("true")}
    section = "load_data_kwargs.train_loader_kwargs"
    found = bind(torch.utils.data.DataLoader, values, section=section, supplied=["dataset"])
    assert (found["num_workers"], found["drop_last"], found["pin_memory"]) == (2, True, False)
    with pytest.raises(ConfigError, match=r"train_loader_kwargs\.num_worker; did you mean"):
        bind(torch.utils.data.DataLoader, {"num_worker": 2}, section=section, supplied=["dataset"])


def test_a_refusing_constructor_is_the_users_mistake() -> None:
    params = [nn.Parameter(torch.zeros(1))]
    with pytest.raises(ComponentError) as caught:
        construct(torch.optim.AdamW, params, section="optimizer_kwargs", lr=-1.0)
    expected = "AdamW refuses its arguments: Invalid learning rate: -1.0 (optimizer_kwargs)"
    assert str(caught.value) == expected
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_good_construction_and_an_error_of_our_own_pass() -> None:
    assert isinstance(construct(nn.Linear, 2, section="s", out_features=3), nn.Linear)

    def refuse() -> Tensor:
        raise ConfigError("no", key="a.b")

    with pytest.raises(ConfigError, match=r"^no$"):
        construct(refuse, section="s")
