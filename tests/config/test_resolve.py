"""From layers to a config whose values know their origin."""

import json
from pathlib import Path

import pytest

from stride.config.layers import Layer
from stride.config.names.fields import dotted_keys
from stride.config.resolve import Resolved, resolve_layers
from stride.config.schema import Config
from stride.config.values import Raw
from stride.errors import ConfigError


@pytest.fixture
def work_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "w"
    folder.mkdir()
    base = {"seed": 1, "work_dir": "/old", "training_config": {"patience": 3, "log_interval": 7}}
    (folder / "config.json").write_text(json.dumps(base))
    return folder


def test_all_layers_in_their_order(work_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "exp.toml"
    file.write_text("seed = 2\n[training_config]\npatience = 4\nmax_steps = 9\n")
    resolved = resolve_layers(
        work_dir=work_dir,
        config_file=file,
        arguments={"seed": 5, "training_config": {"patience": 5}},
        overrides=["seed=6", "training_config.accumulate=2"],
    )
    training = resolved.config.training_config
    assert (training.patience, training.max_steps, training.accumulate) == (5, 9, 2)
    assert resolved.config.seed == 6
    origins = {
        "work_dir": "argument",
        "seed": "override 1",
        "training_config.patience": "argument",
        "training_config.max_steps": f"file {file}:4",
        "training_config.log_interval": "work_dir",
        "training_config.accumulate": "override 2",
        "training_config.mode": "default",
    }
    assert {key: resolved.origin(key) for key in origins} == origins


def test_the_place_given_beats_the_place_stored(work_dir: Path) -> None:
    assert resolve_layers(work_dir=work_dir).config.work_dir == str(work_dir)
    assert resolve_layers(overrides=[f"work_dir={work_dir}"]).config.seed == 1


def test_without_a_work_dir_nothing_is_resolved() -> None:
    with pytest.raises(ConfigError, match="work_dir is missing"):
        resolve_layers(overrides=["seed=1"])
    with pytest.raises(ConfigError, match="work_dir must not be empty"):
        resolve_layers(overrides=["work_dir="])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed=true", "seed must be a whole number, not true (override 2)"),
        ("sede=1", "unknown key sede (override 2); did you mean 'seed'?"),
        ("seed.x=3", 'seed must be a whole number, not {"x": 3} (override 2)'),
        ("training_config.callbacks=[1]", "callbacks.0 must be text, not 1 (override 2)"),
        ("training_config.metrcs=[]", "did you mean 'metrics'?"),
    ],
)
def test_an_error_names_its_origin(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve_layers(work_dir="w", overrides=["run=a", text])
    assert message in str(caught.value)
    assert caught.value.key


def test_an_error_in_a_file_names_its_line(tmp_path: Path) -> None:
    file = tmp_path / "exp.yaml"
    file.write_text("work_dir: w\ntraining_config:\n  patience: 1.5\n")
    with pytest.raises(ConfigError, match=r"patience must be .* not 1\.5 \(file .*exp\.yaml:3\)"):
        resolve_layers(config_file=file)


def test_the_listing_is_complete() -> None:
    resolved = resolve_layers(work_dir="w", overrides=["model_kwargs.width=8", "seed=3"])
    listing = {key: (value, origin) for key, value, origin in resolved.listing()}
    assert set(dotted_keys(Config)) <= set(listing)
    assert listing["seed"] == (3, "override 2")
    assert listing["model_kwargs.width"] == ("8", "override 1")
    assert listing["load_data_kwargs.train_loader_kwargs"] == ({}, "default")
    assert next(iter(listing)) == "work_dir"


def test_bound_sections_keep_their_origins() -> None:
    resolved = resolve_layers(work_dir="w", overrides=["optimizer_kwargs.lr=1e-3"])
    bound = resolved.with_sections({"optimizer_kwargs": {"lr": 1e-3, "eps": 1e-8}})
    assert bound.config.to_json()["optimizer_kwargs"]["lr"] == 1e-3
    assert bound.origin("optimizer_kwargs.lr") == "override 1"
    assert bound.origin("optimizer_kwargs.eps") == "default"


def test_a_relative_place_is_meant_from_where_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    resolved = resolve_layers(work_dir="w")
    assert resolved.work_dir == "w"
    (tmp_path / "other").mkdir()
    monkeypatch.chdir("other")
    changed = resolved.override(["seed=1"])
    assert resolved.work_dir == changed.work_dir == str(tmp_path / "w")
    assert (changed.config.work_dir, changed.place("/data")) == ("w", "/data")
    (tmp_path / "other").rmdir()
    assert changed.work_dir == str(tmp_path / "w")


def test_overrides_go_on_top_of_all_layers() -> None:
    first = resolve_layers(work_dir="w", arguments={"optimizer_kwargs": {"lr": 0.1}})
    second = first.override({"optimizer_kwargs.optimizer_name": "SGD", "seed": 4})
    assert second.config.optimizer_kwargs.constructor_kwargs == {}
    assert second.origin("seed") == "override 2"
    assert first.config.optimizer_kwargs.constructor_kwargs == {"lr": 0.1}
    assert second.override(["seed=5"]).config.seed == 5


def test_a_stored_config_is_a_layer() -> None:
    stored = resolve_layers(work_dir="w", arguments={"seed": 4}).config
    again = Resolved.from_layers([Layer("run", stored.to_json())])
    assert again.config == stored
    assert Resolved.from_layers(again.layers).config == stored
    assert again.origin("seed") == "run"


VERSIONED = {"format_version": 1, "work_dir": "/old/w", "seed": 4}


@pytest.mark.parametrize("place", ["base", "file", "argument", "override"])
def test_the_config_of_a_run_is_taken_without_its_version(tmp_path: Path, place: str) -> None:
    base, file = tmp_path / "w" / "config.json", tmp_path / "exp.json"
    base.parent.mkdir()
    (base if place == "base" else file).write_text(json.dumps(VERSIONED, indent=2))
    resolved = resolve_layers(
        work_dir=base.parent,
        config_file=file if place == "file" else None,
        arguments=VERSIONED | {"work_dir": None} if place == "argument" else None,
        overrides={"format_version": 1, "seed": 4} if place == "override" else None,
    )
    assert resolved.config.seed == 4
    assert "format_version" not in resolved.config.to_json()
    assert "format_version" not in resolved.origins
    assert "format_version" not in {key for key, _, _ in resolved.listing()}
    assert Config.from_json(VERSIONED).seed == 4


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (4, "the config was written by a newer STRIDE (format 4, not 3) (file {}:2); get a newer"),
        (0, "format_version must be 1 to 3, not 0 (file {}:2); leave it out"),
        (True, "format_version must be 1 to 3, not true (file {}:2); leave it out"),
        ("1", 'format_version must be 1 to 3, not "1" (file {}:2); leave it out'),
    ],
)
def test_another_version_is_refused(tmp_path: Path, version: object, message: str) -> None:
    file = tmp_path / "exp.json"
    # What a newer STRIDE calls its keys is no reason to complain of the keys.
    file.write_text(json.dumps({"format_version": version, "work_dir": "w", "new": 1}, indent=2))
    with pytest.raises(ConfigError) as caught:
        resolve_layers(config_file=file)
    assert message.format(file) in str(caught.value)


@pytest.mark.parametrize("text", ["007", "1e-4", "2018-11-25", "no", "-1", "true", "a,b=c%@#", "ü"])
def test_awkward_text_survives_in_text_fields_and_open_keys(text: str) -> None:
    overrides = [f"run={text}", f"model_kwargs.note={text}", f"dataset_kwargs.transform={text}"]
    config = resolve_layers(work_dir="w", overrides=overrides).config
    assert (config.run, config.dataset_kwargs.transform) == (text, text)
    assert config.model_kwargs.constructor_kwargs == {"note": Raw(text)}


def test_text_in_tables_by_name_is_read_as_its_keys_ask() -> None:
    typed = ["rl_config.eval_envs.far.env_name=my:Env", "rl_config.eval_envs.far.env_kwargs.size=5"]
    config = resolve_layers(work_dir="w", overrides=typed).config
    assert config.to_json()["rl_config"]["eval_envs"] == {
        "far": {"env_name": "my:Env", "env_kwargs": {"size": 5}}
    }
