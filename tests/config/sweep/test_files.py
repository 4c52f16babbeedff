"""Sweeps in files: three formats, lists of runs, and the schema of both."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from stride.config import Resolved, resolve_layers
from stride.config.sweep.assembly import assemble
from stride.config.sweep.files import file_schema, runs_file, sweep_file
from stride.config.sweep.spec import SweepSpec
from stride.errors import ConfigError

TOML = """seeds = 3
overrides = {epochs = 3}
[grid]
lr = [1e-3, 1e-2]
model_kwargs.hidden = [[64], [64, 64]]
"""
YAML = """seeds: 3
overrides: {epochs: 3}
grid:
  lr: [1e-3, 1e-2]
  model_kwargs: {hidden: [[64], [64, 64]]}
"""
JSON = """{"seeds": 3, "overrides": {"training_config": {"max_epochs": 3}},
 "grid": {"optimizer_kwargs.lr": [1e-3, 1e-2], "model_kwargs.hidden": [[64], [64, 64]]}}"""
LISTED = [{"run": "small", "config": {"lr": 0.1}}, {"config": {"optimizer_kwargs": {"lr": 1}}}]


@pytest.fixture
def base(tmp_path: Path) -> Resolved:
    return resolve_layers(work_dir=tmp_path / "w")


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_the_formats_say_the_same(base: Resolved, tmp_path: Path) -> None:
    texts = {"s.toml": TOML, "s.yaml": YAML, "s.json": JSON}
    specs = [
        assemble([sweep_file(write(tmp_path, name, text))], base.layers)
        for name, text in texts.items()
    ]
    assert specs[0] == specs[1] == specs[2]
    assert specs[0].seeds == 3
    assert len(specs[0].points()) == 4


@pytest.mark.parametrize("values", [LISTED, {"runs": LISTED}])
def test_runs_stand_in_a_list_alone_or_under_a_key(
    values: Any, base: Resolved, tmp_path: Path
) -> None:
    path = write(tmp_path, "runs.json", json.dumps(values))
    spec = assemble([runs_file(path)], base.layers)
    assert spec.points() == [{"optimizer_kwargs.lr": 0.1}, {"optimizer_kwargs.lr": 1}]
    assert [one.run for one in spec.runs] == ["small", None]


@pytest.mark.parametrize("values", [[], {"grid": {}}, {"runs": 3}, 3])
def test_a_file_without_runs_is_refused(values: Any, tmp_path: Path) -> None:
    path = write(tmp_path, "runs.json", json.dumps(values))
    with pytest.raises(ConfigError, match=r'no list of runs .*runs\.json.*as \[{"run"'):
        runs_file(path)


def test_a_wrong_key_of_a_listed_run_is_refused(base: Resolved, tmp_path: Path) -> None:
    path = write(tmp_path, "runs.json", '[{"run": "a", "confg": {}}]')
    with pytest.raises(ConfigError, match=r"runs\.0\.confg .*did you mean 'config'"):
        assemble([runs_file(path)], base.layers)


FITS: list[dict[str, Any]] = [
    json.loads(JSON),
    {"runs": LISTED, "seeds": [1, 2]},
    {"search": {"lr": "float(0,1)", "a": {"b": {"type": "choice", "values": [1, None]}}}},
    {"search": {"lr": {"type": "float", "min": 0, "max": 1, "when": {"x": [1]}}, "x": "int(1,2)"}},
    {"grid": {"optimizer_kwargs": {"lr": [1]}}, "pruner_kwargs": {"pruner_name": "nop", "x": 1}},
]
REFUSED: list[dict[str, Any]] = [
    {"trails": 3},
    {"grid": {"lr": 3}},
    {"grid": {"lr": []}},
    {"search": {"lr": {"min": 0, "max": 1}}},
    {"search": {"lr": {"type": "float", "min": 0}}},
    {"seeds": 0},
    {"mode": "maximum"},
    {"runs": [{"run": "a"}]},
]


def test_the_schema_takes_what_the_reader_does() -> None:
    schema = Draft202012Validator(file_schema())
    for values in FITS:
        schema.validate(values)
        schema.validate(SweepSpec.from_json(values).to_json() | {"grid": {}})
    assert [one for one in REFUSED if schema.is_valid(one)] == []
    for values in REFUSED:
        with pytest.raises(ConfigError):
            SweepSpec.from_json({"grid": {"epochs": [1]}, **values})
