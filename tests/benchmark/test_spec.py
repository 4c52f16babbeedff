"""What is asked of a benchmark becomes the sweep of it: one data set after the other."""

import pytest

from stride.benchmark.spec import Benchmark, from_words
from stride.config import resolve_layers
from stride.errors import ConfigError


def sweep(models="FeedForwardAE", datasets="sines", below=(), **more):
    typed = {"models": models, "datasets": datasets}
    fields = from_words({key: one for key, one in typed.items() if one}) | more
    return Benchmark.from_json(fields).sweep(resolve_layers(work_dir="W", overrides=[*below]))


def configs(spec):
    return [{key.partition(".")[2]: one for key, one in run.config.items()} for run in spec.runs]


def test_each_data_set_has_each_model():
    spec = sweep("FeedForwardAE,MLP", "sines,smd", seeds=3, overrides={"epochs": 4})
    assert configs(spec) == [
        {"dataset_name": dataset, "model_name": model}
        for dataset in ("sines", "smd")
        for model in ("FeedForwardAE", "MLP")
    ]
    assert spec.seeds == 3
    assert spec.overrides == {"trainer": "reconstruction", "training_config.max_epochs": 4}


def test_options_stand_in_brackets_by_short_keys():
    spec = sweep("MLP(hidden=[8,4],lr=1e-2)", "csv_series(path=a.csv,label=broken)")
    assert configs(spec) == [
        {
            "dataset_name": "csv_series",
            "path": "a.csv",
            "label": "broken",
            "model_name": "MLP",
            "hidden": [8, 4],
            "lr": 0.01,
        }
    ]


def test_tables_of_a_file_have_titles():
    models = ["MLP", {"name": "MLP", "title": "wide", "hidden": [99]}]
    spec = Benchmark.from_json(
        {"models": models, "datasets": [{"name": "sines", "title": "sea", "length": 16}]}
    ).sweep(resolve_layers(work_dir="W"))
    assert [run.titles for run in spec.runs] == [
        {"dataset": "sea"},
        {"model": "wide", "dataset": "sea"},
    ]


def test_arguments_for_all_are_those_of_each_model_unless_it_has_its_own():
    spec = sweep("MLP,FeedForwardAE(hidden=[3])", overrides={"hidden": [7], "norm": "none"})
    assert [one["hidden"] for one in configs(spec)] == [[7], [3]]
    assert [one["norm"] for one in configs(spec)] == ["none"] * 2
    assert spec.overrides == {"trainer": "reconstruction"}


def test_baselines_are_rows_that_take_no_arguments_for_all():
    spec = sweep(
        baselines=["LOF", "KNN(n_neighbors=3)"],
        overrides={"hidden": [7], "model_kwargs.model_seed": 1},
        datasets="sines(length=8),smd",
    )
    found = configs(spec)
    assert [one["model_name"] for one in found] == ["FeedForwardAE", "LOF", "KNN"] * 2
    assert [one.get("hidden") for one in found] == [[7], None, None] * 2
    assert found[2]["n_neighbors"] == 3
    assert len(sweep(models=None, baselines=["LOF"]).runs) == 1


def test_a_kind_of_training_that_is_asked_for_stays():
    assert sweep(overrides={"trainer": "active"}).overrides == {"trainer": "active"}
    assert sweep(below=["trainer=active"]).overrides == {}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"models": None}, "there are no models; type --models NAME,NAME, or list them"),
        ({"seedz": 1}, "unknown key seedz; did you mean 'seeds'"),
        ({"models": "A("}, r"--models A\(: a bracket is not closed; type --models 'NAME"),
        ({"models": "A b"}, r"--models A b names nothing; type --models 'NAME,NAME\(KEY=VALUE\)'"),
        ({"baselines": ["A b"]}, "--baselines A b names nothing; type --baselines 'NAME"),
        ({"models": "MLP,MLP"}, "models has 'MLP' twice"),
        ({"models": "MLP(title=a),MLP(title=a,lr=1)"}, "title 'a' twice; give each a title of"),
        ({"models": "MLP(hiden=3)"}, "unknown key hiden; did you mean 'hidden'"),
        ({"models": "MLP(normalize=none)"}, "dataset_kwargs.normalize is set by 'MLP' of models"),
        ({"datasets": "sines(optimizer_kwargs.lr=1)"}, "lr is set by 'sines' of datasets; it bel"),
        ({"overrides": {"model": "MLP"}}, "model is set for every trial, and models says it"),
        ({"seeds": 0}, "seeds must be greater than or equal to 1"),
    ],
)
def test_what_is_wrong_is_named(asked, words):
    with pytest.raises(ConfigError, match=words):
        sweep(**asked)
