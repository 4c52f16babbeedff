"""The words in which a config is refused."""

from typing import Any

import pytest

from stride.config.names.fields import dotted_keys
from stride.config.names.short import ALIASES, OF_CONSTRUCTORS
from stride.config.schema import OPEN_SECTIONS, Config, declared_keys
from stride.config.validation_errors import unknown_key
from stride.errors import ConfigError


@pytest.mark.parametrize(
    ("key", "beside", "message"),
    [
        ("model_kwargs.widht", ["width"], "unknown key model_kwargs.widht; did you mean 'width'?"),
        ("model_kwargs.model_nmae", [], "did you mean 'model_name'?"),
        ("model_kwargs.patience", ["width"], "did you mean 'training_config.patience'?"),
        ("load_data_kwargs.train_loader_kwargs.nun_workers", ["num_workers"], "'num_workers'?"),
        ("scheduler_kwargs.zzz", ["T_max"], "the keys here are T_max, interval, scheduler_name"),
        ("zzz.yyy", [], "unknown key zzz.yyy"),
        ("lr", [], "unknown key lr; did you mean 'optimizer_kwargs.lr'?"),
        ("weight_decy", [], "did you mean 'optimizer_kwargs.weight_decay'?"),
        ("num_workers", [], "did you mean 'load_data_kwargs.num_workers'?"),
        ("training_config.lr", [], "did you mean 'optimizer_kwargs.lr'?"),
        ("optimizer_kwargs.momentum", ["eps"], "the keys here are eps, groups, optimizer_name"),
        (
            "optimizers.a.scheduler_name",
            ["match"],
            "did you mean 'optimizers.a.scheduler_kwargs.scheduler_name'?",
        ),
        ("optimizers.a.scheduler_kwargs.lr", [], "did you mean 'optimizers.a.lr'?"),
    ],
)
def test_an_unknown_key_names_the_nearest(key: str, beside: list[str], message: str) -> None:
    assert message in str(unknown_key(key, Config, beside))


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"training_config": {"experiment": "a b"}}, "a letter or digit first.*did you mean 'a_b'"),
        ({"optimizers": {"the critic": {"match": "*"}}}, "'the critic'.*did you mean 'the_critic'"),
        ({"optimizers": {"2/d": {"match": "*"}}}, "'2/d'.*did you mean '_2_d'"),
        ({"optimizers": {"epoch_1": {"match": "*"}}}, "'epoch_1'.* and not epoch_"),
        ({"frozen": {"my-teacher": "w/0"}}, "frozen.my-teacher.*did you mean 'my_teacher'"),
        ({"dataset_kwargs": {"extra_splits": {"a b": {}}}}, "'a b'.*did you mean 'a_b'"),
    ],
)
def test_a_wrong_name_is_told_with_the_nearest(section: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Config.from_json({"work_dir": "w", **section})


@pytest.mark.parametrize("key", [key for key in dotted_keys(Config) if "." in key])
def test_a_key_without_its_section_is_told_where_it_belongs(key: str) -> None:
    leaf = key.rpartition(".")[2]
    alike = [one for one in dotted_keys(Config) if one.rpartition(".")[2] == leaf]
    told = str(unknown_key(leaf, Config))
    known = [ALIASES[leaf]] if leaf in ALIASES else alike
    assert any(f"unknown key {leaf}; did you mean {one!r}?" in told for one in known)


def test_the_keys_of_constructors_are_in_sections_that_take_them() -> None:
    assert set(OF_CONSTRUCTORS.values()) <= set(OPEN_SECTIONS)
    declared = {name for section in OPEN_SECTIONS for name in declared_keys(section)}
    assert not declared & set(OF_CONSTRUCTORS)
