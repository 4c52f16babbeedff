"""The description of a sweep: its kinds, its points, its JSON and what is refused."""

from typing import Any

import pytest

from stride.config.sweep.space import Choice, FloatRange, IntRange
from stride.config.sweep.spec import ListedRun, SweepSpec
from stride.errors import ConfigError

NAME = "optimizer_kwargs.optimizer_name"
LR = "optimizer_kwargs.lr"
EXAMPLES: list[dict[str, Any]] = [
    {"grid": {LR: [1e-3, 1e-2], "model_kwargs.hidden": [[64], [64, 64]]}, "seeds": 3},
    {"runs": [{"run": "big", "config": {LR: 1.0}}, {"run": None, "config": {}}], "seeds": [3, 5]},
    {
        "overrides": {"training_config.max_epochs": 3},
        "search": {
            "optimizer_kwargs.momentum": "float(0,0.99) if optimizer=SGD",
            NAME: "choice(AdamW,SGD)",
            "model_kwargs.depth": "int(1,6)",
        },
        "trials": 50,
        "sampler_kwargs": {"sampler_name": "tpe", "multivariate": True},
        "pruner_kwargs": {"pruner_name": "median", "n_startup_trials": 5},
        "metric": "val_loss",
        "stop_on_error": True,
    },
]


def test_each_kind_has_its_points() -> None:
    grid, listed, search = (SweepSpec.from_json(one) for one in EXAMPLES)
    assert (grid.kind, listed.kind, search.kind) == ("grid", "list", "search")
    assert grid.points() == [
        {LR: lr, "model_kwargs.hidden": hidden}
        for lr in (1e-3, 1e-2)
        for hidden in ([64], [64, 64])
    ]
    assert listed.points() == [{LR: 1.0}, {}]
    assert search.points() == []


def test_a_spec_is_what_its_values_are() -> None:
    search = SweepSpec.from_json(EXAMPLES[2])
    assert search == SweepSpec(
        overrides={"training_config.max_epochs": 3},
        search={
            NAME: Choice(values=["AdamW", "SGD"]),
            "optimizer_kwargs.momentum": FloatRange(low=0, high=0.99, when={NAME: ["SGD"]}),
            "model_kwargs.depth": IntRange(low=1, high=6),
        },
        trials=50,
        sampler_kwargs={"sampler_name": "tpe", "multivariate": True},
        pruner_kwargs={"pruner_name": "median", "n_startup_trials": 5},
        metric="validation/epoch_loss",
        stop_on_error=True,
    )
    assert search.sampler_kwargs.constructor_kwargs == {"multivariate": True}
    assert search != SweepSpec.from_json({**EXAMPLES[2], "seed": 1})


@pytest.mark.parametrize("values", EXAMPLES, ids=["grid", "list", "search"])
def test_json_makes_an_equal_spec(values: dict[str, Any]) -> None:
    spec = SweepSpec.from_json(values)
    again = SweepSpec.from_json(spec.to_json())
    assert again == spec
    assert again.to_json() == spec.to_json()
    assert [*again.search] == [*spec.search]


def test_a_dimension_comes_after_those_that_its_conditions_name() -> None:
    search = SweepSpec.from_json(EXAMPLES[2]).search
    assert [*search].index(NAME) < [*search].index("optimizer_kwargs.momentum")


def test_keys_may_be_short_and_tables_nested() -> None:
    whole = SweepSpec.from_json(
        {
            "grid": {LR: [1], "model_kwargs.hidden": [[8]]},
            "overrides": {"training_config.patience": 2},
        }
    )
    nested = {"optimizer_kwargs": {"lr": [1]}, "model_kwargs.hidden": [[8]]}
    typed = {"grid": nested, "overrides": {"patience": 2}}
    assert SweepSpec.from_json(typed) == whole
    tables = {"search": {"optimizer_kwargs": {"lr": {"type": "float", "min": 0, "max": 1}}}}
    assert SweepSpec.from_json(tables) == SweepSpec.from_json({"search": {"lr": "float(0,1)"}})


def test_a_listed_run_may_be_nested_and_have_a_number_for_a_name() -> None:
    nested = {"run": 3, "config": {"optimizer_kwargs": {"lr": 1}, "epochs": 2}}
    spec = SweepSpec.from_json({"runs": [nested]})
    assert spec.points() == [{LR: 1, "training_config.max_epochs": 2}]
    assert spec.runs[0].run == "3"
    python = SweepSpec(runs=[ListedRun(run="3", config={"optimizer_kwargs": {"lr": 1}})])
    assert python.points() == [{LR: 1}]


LR_GRID = {"lr": [1, 2]}


@pytest.mark.parametrize(
    ("values", "key", "words"),
    [
        ({}, "grid", "needs a grid, runs or a search; type --grid"),
        (
            {"grid": LR_GRID, "search": {"epochs": "int(1,2)"}},
            "search",
            "grid and search are given",
        ),
        (
            {"grid": {"lr": 1}},
            LR,
            "must be a list of values, not 1; type optimizer_kwargs.lr = [1]",
        ),
        ({"grid": {"lr": []}}, LR, "has no values"),
        ({"grid": {"lr": [1, 1.0]}}, LR, "has 1.0 twice"),
        ({"grid": {"lr": [1], LR: [2]}}, LR, "given twice, as lr and as optimizer_kwargs.lr"),
        ({"grid": {"run": ["a"]}}, "run", "a sweep cannot set run"),
        ({"runs": [{"config": {"work_dir": "w"}}]}, "work_dir", "a sweep cannot set work_dir"),
        ({"grid": LR_GRID, "overrides": {"lr": 1}}, LR, "among the overrides and is varied too"),
        ({"grid": {"seed": [1]}, "seeds": 3}, "seeds", "both `seed` of the config and `seeds`"),
        ({"grid": LR_GRID, "seeds": [1, 1]}, "seeds", "has 1 twice"),
        ({"grid": LR_GRID, "seeds": 0}, "seeds", "not 0"),
        ({"grid": LR_GRID, "trails": 3}, "trails", "did you mean 'trials'?"),
        ({"gird": LR_GRID}, "gird", "did you mean 'grid'?"),
        ({"grid": 3}, "grid", "must be a table of keys, not 3"),
        ({"runs": [{"run": 1, "confg": {}}]}, "runs.0.confg", "did you mean 'config'?"),
        ({"runs": [3]}, "runs.0", "must be a table of keys, not 3"),
        ({"runs": [{"run": n, "config": {}} for n in ("1", 1)]}, "runs", "the name '1' twice"),
        ({"search": {"lr": "float(0,1) if a=1"}}, LR, "is on a, which is not searched"),
        ({"search": {"lr": "float(0,1) if a.lr=1"}}, LR, "search it too: a.lr=choice(...)"),
        (
            {"search": {"lr": "float(0,1) if optimizer=Sgd", "optimizer": "choice(SGD,Adam)"}},
            LR,
            "which is never chosen; it is choice(SGD,Adam)",
        ),
        (
            {"search": {"lr": "float(0,1) if epochs=2", "epochs": "int(2,3) if lr=0.5"}},
            LR,
            "conditions run in a circle: optimizer_kwargs.lr needs training_config.max_epochs",
        ),
        ({"search": {"lr": "flaot(0,1)"}}, LR, "optimizer_kwargs.lr=flaot(0,1): it is not a dim"),
        ({"grid": LR_GRID, "metric": "foo"}, "mode", "mode is needed: the name 'foo'"),
        ({"grid": LR_GRID, "mode": "max"}, "mode", "and no metric"),
        (
            {"grid": LR_GRID, "sampler_kwargs": {"sampler_name": "gp"}},
            "sampler_kwargs",
            "only a se",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(values: dict[str, Any], key: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        SweepSpec.from_json(values)
    assert words in str(caught.value)
    assert caught.value.key == key
