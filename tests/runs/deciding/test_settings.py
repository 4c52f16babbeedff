"""What makes a configuration, and how it is called."""

from stride.runs.deciding.settings import differing, named, settings_of, short_names

CONFIG = {
    "work_dir": "W",
    "run": None,
    "seed": 3,
    "model_kwargs.model_name": "MLP",
    "model_kwargs.model_seed": 3,
    "model_kwargs.parts": [{"name": "MLP", "model_seed": 5}],
    "logging_config.level": "INFO",
    "optimizer_kwargs.lr": 0.1,
}


def test_place_display_and_seed_are_no_settings():
    found = settings_of(CONFIG)
    assert found == {
        "model_kwargs.model_name": "MLP",
        "model_kwargs.model_seed": 0,
        "model_kwargs.parts": [{"name": "MLP", "model_seed": 2}],
        "optimizer_kwargs.lr": 0.1,
    }
    assert settings_of({**CONFIG, "seed": 4, "model_kwargs.model_seed": 4})[
        "model_kwargs.parts"
    ] == [{"name": "MLP", "model_seed": 1}]


def test_over_another_key_the_seed_is_a_setting():
    found = settings_of(CONFIG, ["optimizer_kwargs.lr"])
    assert found["seed"] == 3 and found["model_kwargs.model_seed"] == 3
    assert "optimizer_kwargs.lr" not in found


def test_the_keys_that_differ():
    some = [
        {"a": 1, "model_kwargs.model_name": "MLP", "model_kwargs.hidden": [8], "data": "x"},
        {"a": 2, "model_kwargs.model_name": "CNN", "model_kwargs.channels": [4], "data": "y"},
    ]
    assert differing(some) == ["a", "model_kwargs.model_name"]
    wider = {**some[0], "model_kwargs.hidden": [16]}
    assert differing([*some, wider]) == ["a", "model_kwargs.model_name", "model_kwargs.hidden"]
    assert differing([some[0], {**some[0], "data": "z"}]) == ["data"]
    assert differing([{"a": 1}, {"a": True}, {}]) == ["a"]
    assert differing([{"a": 1}, {"a": 1}]) == []


def test_names_are_short_where_they_are_clear():
    keys = ["optimizer_kwargs.lr", "a.max", "b.max"]
    short = short_names(keys, [*keys, "seed"])
    assert short == {"optimizer_kwargs.lr": "lr", "a.max": "a.max", "b.max": "b.max"}
    values = {"optimizer_kwargs.lr": 1e-05, "a.max": None, "b.max": [1, "ü"], "data": "0123456789"}
    assert named(values, short) == 'lr=1e-05 a.max=null b.max=[1, "ü"] data=01234567'
