import json
import random
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from stride.config.overrides import overrides_tree
from stride.config.schema import Config
from stride.config.values import Raw
from stride.errors import ComponentError, ConfigError
from stride.models.build import (
    build_criterion,
    build_model,
    build_network,
    infer_model_name,
    resolve_criterion,
    resolve_model,
)
from stride.models.model import Model, OwnSteps
from stride.trainer.fit.open_sections import values_of


@dataclass
class Info:
    input_shape: tuple[int, ...] = (1, 8, 8)
    target_shape: tuple[int, ...] | None = ()
    target_kind: str | None = "class"
    num_classes: int | None = 10


OWN = {"model_seed": None, "init_from": None}


def state(kwargs: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    return build_network(resolve_model({**OWN, **kwargs}, Info())).state_dict()


def equal(a: Mapping[str, torch.Tensor], b: Mapping[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


@pytest.mark.parametrize("name", ["MLP", "CNN", "FCNN", "ResNet"])
def test_a_resolved_section_is_complete_json_that_builds_the_same(name: str) -> None:
    resolved = resolve_model({**OWN, "model_name": name}, Info(), seed=3)
    again = json.loads(json.dumps(resolved))
    assert again == resolved
    assert resolve_model(again, None) == resolved
    assert resolved["model_seed"] == 3
    assert resolved["output_shape"] == [10]
    network = build_network(again)
    assert equal(network.state_dict(), build_network(resolved, Info()).state_dict())
    assert network(torch.zeros(2, 1, 8, 8)).shape == (2, 10)


def test_raw_text_takes_the_types_of_the_signature() -> None:
    kwargs = {"model_name": "ResNet", "variant": Raw("18"), "widths": Raw("[4,8]")}
    resolved = resolve_model({**OWN, **kwargs}, Info())
    assert (resolved["variant"], resolved["widths"]) == ("18", [4, 8])


@pytest.mark.parametrize(
    ("name", "key", "value", "message"),
    [
        ("MLP", "hiden", [3], "did you mean 'hidden'"),
        ("MLP", "hidden", [0], "greater than or equal to 1"),
        ("MLP", "dropout", Raw("1.5"), "less than 1"),
        ("CNN", "norm", Raw("bach"), "'none', 'batch', 'layer'"),
        ("ResNet", "variant", Raw("50"), "'small' or '18'"),
        ("LSTMAE", "hidden", [], "must be longer"),
        ("CNNAE", "pooling", Raw("avg"), "'stride', 'max' or 'mean'"),
        ("TransformerAE", "head", 4, "did you mean 'heads'"),
    ],
)
def test_a_wrong_key_or_value_is_refused(name: str, key: str, value: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        resolve_model({**OWN, "model_name": name, key: value}, Info())


def test_a_name_of_torch_nn_gets_its_sizes() -> None:
    network = build_network(resolve_model({**OWN, "model_name": "Linear"}, Info()))
    assert isinstance(network, nn.Linear)
    assert (network.in_features, network.out_features) == (64, 10)


@pytest.mark.parametrize(
    ("info", "name"),
    [
        (Info(), "CNN"),
        (Info(input_shape=(64,)), "MLP"),
        (Info(target_shape=(8, 8), num_classes=2), "FCNN"),
        (Info(target_shape=(8, 8), target_kind="float"), "FCNN"),
        (Info(target_shape=None, target_kind=None), "FCNN"),
        (None, "MLP"),
    ],
)
def test_without_a_name_the_data_choose(info: Info | None, name: str) -> None:
    assert infer_model_name(info) == name


def test_weights_come_from_the_seed_alone_and_leave_the_global_state() -> None:
    kwargs = {"model_name": "MLP", "model_seed": 1}
    torch.manual_seed(5)
    random.seed(5)
    np.random.seed(5)
    before = (torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist())
    first = state(kwargs)
    after = (torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist())
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]
    torch.rand(3)
    assert equal(first, state(kwargs))
    assert not equal(first, state({**kwargs, "model_seed": 2}))


def test_a_constructor_that_draws_from_numpy_and_python_is_seeded_too() -> None:
    class Drawn(nn.Linear):
        def __init__(self) -> None:
            super().__init__(1, 1)
            values = [random.random(), float(np.random.rand())]
            self.drawn = nn.Parameter(torch.tensor(values))

    section = {"model_name": "Drawn", "model_seed": 4}
    built = [build_network(section, constructor=Drawn).state_dict() for _ in range(2)]
    assert equal(*built)


def test_an_import_path_gives_a_network_a_model_or_a_module_with_own_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "their_nets.py").write_text(
        "from torch import nn\n"
        "from stride.models.model import Model\n"
        "class Net(nn.Linear):\n"
        "    def __init__(self, in_features: int, num_classes: int, scale: float = 1.0):\n"
        "        super().__init__(in_features, num_classes)\n"
        "        self.scale = scale\n"
        "class Own(Net):\n"
        "    def training_step(self, batch): return self(batch).mean()\n"
        "def wrapped(): return Model(nn.Linear(2, 2), nn.L1Loss())\n"
        "def nothing(): return 3\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    criterion = nn.CrossEntropyLoss()

    def built(name: str, **kwargs: Any) -> Model:
        section = {**OWN, "model_name": f"their_nets:{name}", **kwargs}
        return build_model(resolve_model(section, Info()), criterion, Info())

    plain = built("Net", scale=Raw("2"))
    assert plain.criterion is criterion
    assert (plain.network.in_features, plain.network.out_features) == (64, 10)
    assert plain.network.scale == 2.0
    assert isinstance(built("Own"), OwnSteps)
    assert isinstance(built("wrapped").criterion, nn.L1Loss)
    assert isinstance(build_network({"model_name": "their_nets:wrapped"}), nn.Linear)
    with pytest.raises(ComponentError, match=r"gives a int, not a torch\.nn\.Module"):
        built("nothing")
    sys.modules.pop("their_nets")


@pytest.mark.parametrize(
    ("kind", "name"), [("class", "CrossEntropyLoss"), ("float", "MSELoss"), (None, "MSELoss")]
)
def test_the_criterion_follows_from_the_targets(kind: str | None, name: str) -> None:
    resolved = resolve_criterion({"criterion_name": None}, Info(target_kind=kind))
    assert resolved["criterion_name"] == name
    assert resolve_criterion(json.loads(json.dumps(resolved)), None) == resolved
    assert type(build_criterion(resolved)).__name__ == name


def test_options_and_class_weights_of_a_criterion() -> None:
    section = {"criterion_name": None, "label_smoothing": Raw("0.1"), "weight": Raw("[1, 2.5]")}
    resolved = resolve_criterion(section, Info(num_classes=2))
    assert json.loads(json.dumps(resolved)) == resolved
    criterion = build_criterion(resolved)
    assert isinstance(criterion, nn.CrossEntropyLoss)
    assert criterion.label_smoothing == 0.1
    assert criterion.weight.tolist() == [1.0, 2.5]
    with pytest.raises(ConfigError, match="list of numbers"):
        build_criterion(resolve_criterion({"criterion_name": None, "weight": "heavy"}, Info()))


class Prior(nn.Module):
    def __init__(self, prior: torch.Tensor, scale: torch.Tensor | None = None) -> None:
        super().__init__()
        self.prior, self.scale = nn.Parameter(prior), scale


def test_tensors_given_from_python_are_written_as_lists_and_have_the_values_they_had() -> None:
    thirds = torch.arange(1, 4) / 3
    given = {
        "criterion_kwargs": {"criterion_name": "CrossEntropyLoss", "weight": thirds},
        "model_kwargs": {"model_name": f"{__name__}:Prior", "prior": thirds.numpy()},
    }
    config = Config.from_json(overrides_tree({"work_dir": "w", **given}))
    for _ in range(2):  # as given, and read from the file
        criterion = resolve_criterion(values_of(config.criterion_kwargs), Info())
        model = resolve_model(values_of(config.model_kwargs), Info())
        assert torch.equal(build_criterion(criterion).weight, thirds)
        assert torch.equal(build_network(model).prior.data, thirds)
        whole = config.with_sections({"criterion_kwargs": criterion, "model_kwargs": model})
        config = Config.from_json(json.loads(json.dumps(whole.to_json())))
    assert config.criterion_kwargs.constructor_kwargs["weight"] == thirds.tolist()
    assert config.model_kwargs.constructor_kwargs == {"prior": thirds.tolist(), "scale": None}


def test_a_sum_is_no_loss_of_a_step() -> None:
    section = {"criterion_name": "MSELoss", "reduction": "sum"}
    with pytest.raises(ConfigError, match="not a mean"):
        resolve_criterion(section, Info())


def test_a_mean_over_samples_and_the_word_of_ones_own_criterion_are_taken() -> None:
    for name, reduction in (("KLDivLoss", "batchmean"), (f"{__name__}:OwnLoss", "none")):
        section = {"criterion_name": name, "reduction": reduction}
        assert resolve_criterion(section, Info())["reduction"] == reduction


class OwnLoss(nn.Module):
    """A mean of the losses that another criterion gives one by one."""

    def __init__(self, reduction: str = "none") -> None:
        super().__init__()
        self.each = nn.MSELoss(reduction=reduction)


def test_an_unknown_criterion_or_option_is_refused() -> None:
    with pytest.raises(ComponentError, match="did you mean 'MSELoss'"):
        resolve_criterion({"criterion_name": "MSELos"}, Info())
    with pytest.raises(ConfigError, match="label_smoothing"):
        resolve_criterion({"criterion_name": None, "label_smoting": 0.1}, Info())
