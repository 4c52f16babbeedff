"""The words of a command line: grids, sweeps of one key, searches, samplers and seeds."""

from typing import Any

import pytest

from stride.config.sweep.space import parse_dimension
from stride.config.sweep.words import grid_values, words_layer
from stride.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "key", "values"),
    [
        ("1e-3,1e-2", "lr", [0.001, 0.01]),
        ("[[64],[64,64]]", "hidden", [[64], [64, 64]]),
        ("[64],[64,64]", "hidden", [[64], [64, 64]]),
        ("[AdamW, SGD]", "optimizer", ["AdamW", "SGD"]),
        ('AdamW,"a,b"', "x", ["AdamW", "a,b"]),
        ("0:4", "seed", [0, 1, 2, 3]),
        ("0:80:10", "epochs", [*range(0, 80, 10)]),
        ("4:0:-2,9", "x", [4, 2, 9]),
        ("0:4", "experiment", ["0:4"]),
        ("cuda:0,cuda:1", "device", ["cuda:0", "cuda:1"]),
        ("1:30", "scheduler", ["1:30"]),
        ("null,0.5", "clip_grad_norm", [None, 0.5]),
        ("001,2", "training_config.experiment", ["001", "2"]),
        ('{"a":[1,2]},3', "x", [{"a": [1, 2]}, 3]),
    ],
)
def test_a_text_lists_values(text: str, key: str, values: list[Any]) -> None:
    assert grid_values(text, key) == values


def test_words_become_the_fields_of_a_spec() -> None:
    layer = words_layer(
        overrides=["epochs=3", 'model_kwargs={"hidden": [8]}', "experiment=007"],
        grid=["lr=1,2", "seed=0:2"],
        wd_sweep=["0", "1e-4,1e-3"],
        search=["depth=int(1,6) if a=1"],
        sampler="tpe(multivariate=true,n_startup_trials=5)",
        pruner="median",
        trials=5,
        metric=None,
    )
    assert layer.values == {
        "overrides": {"epochs": 3, "model_kwargs": {"hidden": [8]}, "experiment": "007"},
        "grid": {"lr": [1, 2], "seed": [0, 1], "weight_decay": [0, 1e-4, 1e-3]},
        "search": {"depth": "int(1,6) if a=1"},
        "sampler_kwargs": {"sampler_name": "tpe", "multivariate": True, "n_startup_trials": 5},
        "pruner_kwargs": {"pruner_name": "median"},
        "trials": 5,
    }
    assert words_layer(lr_sweep=["1e-4", "1e-3"]).values == {"grid": {"lr": [1e-4, 1e-3]}}
    assert parse_dimension(layer.values["search"]["depth"]).when == {"a": [1]}


@pytest.mark.parametrize(
    ("text", "seeds"), [("3", 3), ("1,5", [1, 5]), ("0:3", [0, 1, 2]), ("[7]", [7])]
)
def test_seeds_are_a_number_or_a_list(text: str, seeds: Any) -> None:
    assert words_layer(seeds=text).values == {"seeds": seeds}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"grid": ["patience"]}, "--grid patience: a key and its value have = between them; type"),
        ({"search": ["lr"]}, "type --search 'KEY=float(LOW,HIGH)'"),
        ({"grid": ["patience=1,many"]}, "must be a whole number, not 'many'; type --grid KEY="),
        ({"grid": ["lr=1", "lr=2"]}, "--grid lr is typed twice; type all of its values in one"),
        ({"grid": ["lr=1"], "lr_sweep": ["2"]}, "--grid lr is typed twice"),
        ({"overrides": ["lr=1", "lr=2"]}, "typed twice; leave out one of the two; to try both"),
        ({"grid": ["lr=8:0"]}, "lr=8:0 has no numbers; as 0:8 for 0 to 7"),
        ({"grid": ["lr=0:8:0"]}, "has no numbers"),
        ({"grid": ["lr=1,,2"]}, '--grid lr=1,,2: a value is empty; the empty text is typed as ""'),
        ({"grid": ["hidden=[1"]}, "a bracket is not closed"),
        ({"sampler": "tpe("}, "--sampler tpe( names nothing; type --sampler 'NAME(KEY=VALUE"),
        ({"pruner": "median(5)"}, "--pruner 5: a key and its value have = between them"),
        ({"overrides": ["x"]}, "'x' is not an override; type key=value"),
        ({"seeds": "many"}, "seed must be a whole number, not 'many'"),
    ],
)
def test_a_malformed_word_is_refused_with_its_form(words: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        words_layer(**words)
    assert told in str(caught.value)
