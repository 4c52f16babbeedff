"""Layers: what wins, what is dropped, and where each value comes from."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stride.config.layers import (
    Layer,
    argument_layer,
    file_layer,
    merge_layers,
    override_layer,
    work_dir_layer,
)
from stride.config.values import Raw
from stride.errors import ConfigError


def test_stronger_layers_win_key_by_key() -> None:
    merged = merge_layers(
        [
            Layer("work_dir", {"seed": 1, "training_config": {"patience": 3, "max_steps": 9}}),
            Layer("argument", {"training_config": {"patience": 4}}),
            override_layer(["seed=2"]),
        ]
    )
    assert merged.values == {"seed": 2, "training_config": {"patience": 4, "max_steps": 9}}
    assert merged.origins == {
        "seed": "override 1",
        "training_config.patience": "argument",
        "training_config.max_steps": "work_dir",
    }


def test_a_changed_name_drops_the_arguments_of_the_other_constructor() -> None:
    lower = {
        "model_kwargs": {"model_name": "ResNet", "blocks": {"a": 1}, "model_seed": 3},
        "optimizer_kwargs": {"amsgrad": True},
        "scheduler_kwargs": {"scheduler_name": "StepLR", "interval": "epoch", "step_size": 3},
    }
    upper = [
        "model_kwargs.width=8",
        "model_kwargs.model_name=MLP",
        "optimizer_kwargs.optimizer_name=SGD",
        "scheduler_kwargs.scheduler_name=null",
    ]
    merged = merge_layers([Layer("file", lower), override_layer(upper)])
    assert merged.values == {
        "model_kwargs": {"model_name": "MLP", "width": "8", "model_seed": 3},
        "optimizer_kwargs": {"optimizer_name": "SGD"},
        "scheduler_kwargs": {"scheduler_name": None, "interval": "epoch"},
    }
    assert "model_kwargs.blocks.a" not in merged.origins
    assert "optimizer_kwargs.amsgrad" not in merged.origins


def test_groups_of_another_optimiser_are_dropped_too() -> None:
    lower = {"optimizer_kwargs": {"groups": [{"match": "*", "betas": [0.5, 0.9]}]}}
    merged = merge_layers([Layer("a", lower), override_layer(["optimizer=SGD"])])
    assert merged.values["optimizer_kwargs"] == {"optimizer_name": "SGD"}


@pytest.mark.parametrize("name", ["AdamW", "SGD"])
def test_naming_the_same_constructor_again_drops_nothing(name: str) -> None:
    lower = {
        "optimizer_kwargs": {"lr": 0.1} | ({} if name == "AdamW" else {"optimizer_name": name})
    }
    upper = override_layer([f"optimizer_kwargs.optimizer_name={name}"])
    merged = merge_layers([Layer("file", lower), upper])
    assert merged.values["optimizer_kwargs"] == {"lr": 0.1, "optimizer_name": name}


def test_declared_text_is_read_and_open_text_is_kept() -> None:
    texts = [
        "seed=7",
        "run=007",
        "model_kwargs.width=8",
        "model_kwargs.model_seed=null",
        "load_data_kwargs.train_loader_kwargs.num_workers=2",
        "logging_config.wandb_kwargs.tags.a=[1]",
        "training_config.clip_grad_norm=1e-3",
    ]
    values = merge_layers([override_layer(texts)]).values
    assert values["seed"] == 7
    assert values["run"] == "007"
    assert values["model_kwargs"] == {"width": Raw("8"), "model_seed": None}
    assert isinstance(values["model_kwargs"]["width"], Raw)
    assert isinstance(values["load_data_kwargs"]["train_loader_kwargs"]["num_workers"], Raw)
    assert values["logging_config"]["wandb_kwargs"] == {"tags": {"a": [1]}}
    assert values["training_config"]["clip_grad_norm"] == 1e-3


def test_text_of_the_wrong_type_is_refused_with_its_override() -> None:
    layer = override_layer(["run=a", "training_config.patience=ten"])
    with pytest.raises(ConfigError) as caught:
        merge_layers([layer])
    expected = "training_config.patience must be a whole number, not 'ten' (override 2)"
    assert str(caught.value) == expected


def test_a_value_set_over_a_table_forgets_the_keys_beneath() -> None:
    lower = Layer("file", {"model_kwargs": {"block": {"a": 1, "b": 2}}})
    merged = merge_layers([lower, override_layer(["model_kwargs.block=3"])])
    assert merged.values == {"model_kwargs": {"block": "3"}}
    assert merged.origins == {"model_kwargs.block": "override 1"}


def test_a_later_override_of_the_same_key_gives_the_origin() -> None:
    layer = override_layer(["seed=1", "run=a", "seed=2"])
    assert layer.origins == {"seed": "override 3", "run": "override 2"}


def test_a_file_gives_lines(tmp_path: Path) -> None:
    path = tmp_path / "exp.json"
    path.write_text('{\n"seed": 1,\n"model_kwargs.width": 2}')
    merged = merge_layers([file_layer(path)])
    assert merged.values == {"seed": 1, "model_kwargs": {"width": 2}}
    assert merged.origins == {
        "seed": f"file {path}:2",
        "model_kwargs.width": f"file {path}:3",
    }


def test_a_malformed_key_in_a_file_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "exp.json"
    path.write_text('{"a..b": 1}')
    with pytest.raises(ConfigError, match=r"'a\.\.b' has an empty key \(file .*exp\.json\)"):
        file_layer(path)


def test_the_base_config_forgets_its_place_and_its_run(tmp_path: Path) -> None:
    assert work_dir_layer(str(tmp_path)).values == {}
    stored = {"work_dir": "/old/place", "run": "3", "seed": 5}
    (tmp_path / "config.json").write_text(json.dumps(stored))
    merged = merge_layers([work_dir_layer(str(tmp_path))])
    assert merged.values == {"seed": 5}
    assert merged.origins == {"seed": "work_dir"}


def test_a_base_config_that_cannot_be_looked_at_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "w").symlink_to("w")
    with pytest.raises(ConfigError, match="cannot read the config file: Too many levels"):
        work_dir_layer(str(tmp_path / "w"))


def test_arguments_are_copied_and_none_is_not_given() -> None:
    given: dict[str, Any] = {"model_kwargs": {"widths": (1, 2)}, "device": None}
    layer = argument_layer(given)
    layer.values["model_kwargs"]["widths"].append(3)
    assert given == {"model_kwargs": {"widths": (1, 2)}, "device": None}
    assert "device" not in layer.values


VALUES = st.fixed_dictionaries(
    {},
    optional={
        "seed": st.integers(0, 9),
        "run": st.sampled_from(["a", "b"]),
        "model_kwargs": st.dictionaries(st.sampled_from(["w", "h"]), st.integers(), max_size=2),
        "training_config": st.dictionaries(
            st.sampled_from(["patience", "log_interval"]), st.integers(1, 9), max_size=2
        ),
    },
)


def leaves(values: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name, value in values.items():
        inner = value if isinstance(value, dict) else {"": value}
        found |= {f"{name}.{key}".rstrip("."): part for key, part in inner.items()}
    return found


@given(st.lists(VALUES, max_size=4))
@example([{"seed": 1}, {"run": "a"}, {"seed": 2}])
@example([{"model_kwargs": {"w": 1, "h": 1}}, {"model_kwargs": {"w": 2}}, {"model_kwargs": {}}])
def test_each_value_is_the_strongest_layers_and_says_so(layers: list[dict[str, Any]]) -> None:
    merged = merge_layers([Layer(f"layer {n}", values) for n, values in enumerate(layers)])
    expected, origins = {}, {}
    for number, values in enumerate(layers):
        for key, value in leaves(values).items():
            expected[key], origins[key] = value, f"layer {number}"
    assert leaves(merged.values) == expected
    assert {key: merged.origins[key] for key in expected} == origins


@given(VALUES, st.lists(VALUES, max_size=3))
@example({"model_kwargs": {"w": 1}}, [{"model_kwargs": {"w": 2, "h": 3}}])
def test_merging_changes_no_layer(first: dict[str, Any], others: list[dict[str, Any]]) -> None:
    before = json.dumps([first, *others])
    merge_layers([Layer("a", first), *(Layer("b", values) for values in others)])
    assert json.dumps([first, *others]) == before
