"""What a person gives from Python, taken apart."""

import pytest
from torch import nn

from stride.errors import ComponentError
from stride.trainer.arguments import split_first, with_names


def test_a_class_is_named_by_its_import_path_and_the_callers_dict_is_left_alone():
    given = {"model_name": nn.Linear, "in_features": 3}
    values = with_names({"model_kwargs": given, "seed": 1})
    assert values["model_kwargs"] == {
        "model_name": "torch.nn.modules.linear:Linear",
        "in_features": 3,
    }
    assert given["model_name"] is nn.Linear


def test_what_stands_where_an_import_path_may_is_named_wherever_that_is():
    given = {
        "trainer": nn.Linear,
        "dataset_kwargs": {"transform": nn.Linear, "val_transform": nn.Linear},
        "load_data_kwargs": {"collate_fn": nn.Linear, "val_loader_kwargs": {"sampler": nn.Linear}},
        "training_config": {"callbacks": [nn.Linear], "metrics": ["f1", {"metric_name": nn.ReLU}]},
        "logging_config": {"loggers": (nn.Linear,)},
        "optimizers": {"critic": {"optimizer_name": nn.Linear}},
        "model_kwargs": {"layer": nn.Linear},
    }
    linear, relu = (f"torch.nn.modules.{m}" for m in ("linear:Linear", "activation:ReLU"))
    assert with_names(given) == {
        "trainer": linear,
        "dataset_kwargs": {"transform": linear, "val_transform": linear},
        "load_data_kwargs": {"collate_fn": linear, "val_loader_kwargs": {"sampler": linear}},
        "training_config": {"callbacks": [linear], "metrics": ["f1", {"metric_name": relu}]},
        "logging_config": {"loggers": [linear]},
        "optimizers": {"critic": {"optimizer_name": linear}},
        "model_kwargs": {"layer": nn.Linear},  # an argument of the network: not ours to turn
    }


def test_a_class_inside_of_a_function_is_refused():
    class Local(nn.Module):
        pass

    with pytest.raises(ComponentError, match="top of a module"):
        with_names({"model_kwargs": {"model_name": Local}})


def test_the_first_argument_is_a_work_dir_a_config_or_its_file(tmp_path):
    file = tmp_path / "c.toml"
    file.write_text("")
    assert split_first({"seed": 1}, None) == ({"seed": 1}, None)
    assert split_first(file, None) == ({}, str(file))
    assert split_first(tmp_path, None) == ({"work_dir": str(tmp_path)}, None)
    assert split_first(tmp_path / "new.json", None) == (
        {"work_dir": str(tmp_path / "new.json")},
        None,
    )
    assert split_first(None, "c.json") == ({}, "c.json")
