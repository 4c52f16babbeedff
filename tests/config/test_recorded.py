"""Of a recorded config this version passes over what it does not know, unless it builds by it."""

import pytest

from stride.config import Config, read_recorded
from stride.errors import ConfigError

BASE = Config.from_json({"work_dir": "w", "training_config": {"max_epochs": 3}})


def recorded(section, **values):
    stored = BASE.to_json()
    return {**stored, section: {**stored.get(section, {}), **values}}


def test_a_config_of_this_version_is_itself():
    assert read_recorded(BASE.to_json()) == (BASE, {})


def test_all_that_is_not_known_is_named():
    values = recorded("training_config", swa_start=3, patience="long", callbacks=[1])
    config, skipped = read_recorded(values)
    assert config == BASE
    assert list(skipped) == [
        "training_config.swa_start",
        "training_config.patience",
        "training_config.callbacks",
    ]
    assert skipped["training_config.patience"].endswith('must be a whole number, not "long"')
    assert "swa_start" in values["training_config"]  # which are the caller's


@pytest.mark.parametrize(
    "values",
    [
        recorded("dataset_kwargs", normalize="robust"),
        recorded("model_kwargs", model_seed=-1),
        recorded("active_config", candidates=2) | {"trainer": "active"},
        recorded("lr_find_config", num_steps=5) | {"trainer": "lr_find"},
        recorded("reconstruction_config", examples=-1) | {"trainer": "reconstruction"},
        recorded("reconstruction_config", examples=-1) | {"trainer": "by_epochs"},
        {**BASE.to_json(), "seed": "x"},
        {**BASE.to_json(), "training_config": 3},
        {**BASE.to_json(), "data_kwargs": {}},
    ],
)
def test_what_is_built_by_stays_an_error(values):
    with pytest.raises(ConfigError) as refused:
        read_recorded(values)
    with pytest.raises(ConfigError) as strictly:
        Config.from_json(values)
    assert str(refused.value) == str(strictly.value)


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [("active_config", "candidates", 2), ("lr_find_config", "num_steps", 5)],
)
def test_the_section_of_a_kind_of_training_is_built_by_in_its_own_runs_alone(section, key, value):
    config, skipped = read_recorded(recorded(section, **{key: value}))
    assert (config, list(skipped)) == (BASE, [f"{section}.{key}"])


def test_a_section_that_is_gone_is_passed_over():
    config, skipped = read_recorded(recorded("pruning_config", every=3))
    assert (config, list(skipped)) == (BASE, ["pruning_config"])
