"""Every import path that a config holds is known before anything is built."""

import json

import pytest

from stride.config.import_paths import import_paths, is_import_path
from stride.config.values import Raw


@pytest.mark.parametrize(
    "text", ["os:system", "my_pkg.nets:UNet", "a.b:C.make", "__main__:Net", "ä:ö"]
)
def test_import_paths(text: str) -> None:
    assert is_import_path(text)


@pytest.mark.parametrize(
    "text", ["MLP", "cuda:1", "a:", ":b", "http://x", "a b:c", "a:b:c", "3:x", ""]
)
def test_other_texts(text: str) -> None:
    assert not is_import_path(text)


def test_they_are_found_wherever_they_stand() -> None:
    values = {
        "trainer": "a:T",
        "work_dir": "c:w",
        "dataset_kwargs": {"dataset_name": "digits", "path": "c:data", "own": {"deep": ["b:x"]}},
        "load_data_kwargs": {"train_loader_kwargs": {"collate_fn": "c:f"}},
        "model_kwargs": {"init_from": "w:x", "candidates": [{"model_name": "d:N"}, {}]},
        "frozen": {"one": "w:x", "two": {"run": "w:x", "model_kwargs": {"model_name": "h:N"}}},
        "training_config": {
            "metrics": ["accuracy", "e:M", {"metric_name": "h:M"}],
            "max_epochs": 3,
        },
        "rl_config": {
            "env_name": "i:E",
            "algorithm": "i:A",
            "wrappers": ["i:W", {"name": "i:V"}],
            "eval_envs": {"far": {"env_name": "i:F"}},
        },
        "logging_config": {"wandb_kwargs": {"name": "f:g"}},
    }
    assert import_paths(values) == {
        "trainer": "a:T",
        "dataset_kwargs.own.deep[0]": "b:x",
        "load_data_kwargs.train_loader_kwargs.collate_fn": "c:f",
        "model_kwargs.candidates[0].model_name": "d:N",
        "frozen.two.model_kwargs.model_name": "h:N",
        "training_config.metrics[1]": "e:M",
        "training_config.metrics[2].metric_name": "h:M",
        "rl_config.env_name": "i:E",
        "rl_config.algorithm": "i:A",
        "rl_config.wrappers[0]": "i:W",
        "rl_config.wrappers[1].name": "i:V",
        "rl_config.eval_envs.far.env_name": "i:F",
    }


def test_text_that_is_not_decided_yet_is_looked_into() -> None:
    typed = {"a": Raw("m:N"), "b": Raw(json.dumps([{"model_name": "m:O"}])), "c": Raw("[")}
    assert import_paths(typed) == {"a": "m:N", "b[0].model_name": "m:O"}


def test_a_key_that_begins_as_a_place_does_is_none() -> None:
    values = {"dataset_kwargs": {"path": "c:data", "path_filter": "g:F"}, "run_after": "g:R"}
    assert import_paths(values) == {"dataset_kwargs.path_filter": "g:F", "run_after": "g:R"}
