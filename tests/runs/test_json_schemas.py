"""The shipped schemas are those of the models, in standard words, and real files fit them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from stride.config import Config
from stride.runs.json_schemas import RECORDS, SCHEMAS, schemas, write_schemas
from stride.runs.writer import RunWriter

MADE = schemas()
KEYWORDS = {*Draft202012Validator.VALIDATORS, "$schema", "$defs", "title", "description", "default"}


def test_the_shipped_schemas_are_those_of_the_models(tmp_path: Path) -> None:
    write_schemas(tmp_path)
    made = {path.name: json.loads(path.read_text()) for path in tmp_path.iterdir()}
    kept = {path.name: json.loads(path.read_text()) for path in SCHEMAS.iterdir()}
    assert made == kept == MADE, "run stride.runs.json_schemas.write_schemas()"
    assert len(made) == len(RECORDS) + 2


def keywords(schema: Any) -> Iterator[str]:
    """Yield the keywords of a schema and of those inside; names of properties are none."""
    if not isinstance(schema, dict):
        return
    for keyword, value in schema.items():
        yield keyword
        if keyword in ("properties", "$defs"):
            inner = list(value.values())
        else:
            inner = value if keyword == "anyOf" else [value] if keyword != "default" else []
        for one in inner:
            yield from keywords(one)


@pytest.mark.parametrize("name", MADE)
def test_a_schema_is_valid_and_in_standard_words(name: str) -> None:
    Draft202012Validator.check_schema(MADE[name])
    assert set(keywords(MADE[name])) <= KEYWORDS


def test_other_words_are_seen() -> None:
    strange = {
        "properties": {"le": {"anyOf": [{"ge": 1}]}},
        "items": {"lt": 2},
        "default": {"gt": 3},
    }
    assert set(keywords(strange)) - KEYWORDS == {"ge", "lt"}


@pytest.fixture
def stored(tmp_path: Path) -> dict[str, Any]:
    """Return the config.json of a run."""
    free = {"optimizer_kwargs": {"lr": 0.1, "betas": [0.9, 0.99]}, "model_kwargs": {"block": {}}}
    config = Config.from_json({"work_dir": str(tmp_path / "w"), **free})
    writer = RunWriter.start(tmp_path / "w", config=config.to_json(), provenance={})
    writer.close("done")
    values: dict[str, Any] = json.loads(writer.paths.config.read_text())
    return values


def test_the_config_of_a_run_fits_its_schema(stored: dict[str, Any]) -> None:
    assert list(Draft202012Validator(MADE["config.schema.json"]).iter_errors(stored)) == []


@pytest.mark.parametrize(
    ("section", "wrong"),
    [
        ("", {"format_version": 4}),
        ("", {"seed": -1}),
        ("", {"seed": 1.5}),
        ("", {"sede": 1}),
        ("training_config", {"pateince": 1}),
        ("training_config", {"patience": 0}),
        ("training_config", {"precision": "fp8"}),
        ("checkpoint_config", {"keep_best": -1}),
        ("dataset_kwargs", {"val_fraction": 1}),
        ("load_data_kwargs", {"batch_size": 0}),
    ],
)
def test_a_config_that_is_refused_does_not_fit(
    stored: dict[str, Any], section: str, wrong: dict[str, Any]
) -> None:
    inner = stored[section] if section else stored
    inner.update(wrong)
    with pytest.raises(ValidationError):
        Draft202012Validator(MADE["config.schema.json"]).validate(stored)


@pytest.mark.parametrize("key", ["format_version", "work_dir"])
def test_a_config_has_its_version_and_its_place(stored: dict[str, Any], key: str) -> None:
    del stored[key]
    with pytest.raises(ValidationError, match="is a required property"):
        Draft202012Validator(MADE["config.schema.json"]).validate(stored)
