"""Every recorded value of a run can be asked for, also where a file is missing or broken."""

import json

import pytest

from stride.runs.listing.facts import Facts
from stride.runs.listing.rows.row import RunRow
from stride.runs.where.names import FIELDS, Field

LAST = {"validation/epoch_loss": 0.5, "lr": 0.001}


@pytest.fixture
def facts(tmp_path):
    path = tmp_path / "W" / "3"
    path.mkdir(parents=True)
    lines = [{"step": 1, "epoch": 1, "time": 1.0, "train/epoch_loss": v} for v in (3, "NaN", 1, 2)]
    files = {
        "config.json": {
            "format_version": 3,
            "seed": 4,
            "optimizer_kwargs": {"lr": 0.1, "max": "Infinity"},
        },
        "results.json": {"format_version": 3, "test": {"test/accuracy": 0.9, "test/loss": "NaN"}},
        "provenance.json": {
            "format_version": 3,
            "hostname": "there",
            "git": {"commit": "abc", "branch": "main"},
            "parent": {"run": "/W/1", "uuid": "u", "relation": "fork"},
        },
    }
    for name, content in files.items():
        (path / name).write_text(json.dumps(content))
    (path / "metrics.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    best = {"validation/epoch_loss": 0.25}
    row = RunRow("3", path, "done", created=5.0, duration=7.0, best=best, last=LAST, short=True)
    return Facts(row)


def metric(name, aspect=""):
    return Field("metric", name, aspect)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (Field("config", "seed"), 4),
        (Field("config", "optimizer_kwargs.lr"), 0.1),
        (Field("config", "optimizer_kwargs.max"), float("inf")),
        (Field("config", "absent"), None),
        (metric("validation/epoch_loss"), 0.25),
        (metric("validation/epoch_loss", "last"), 0.5),
        (metric("lr"), 0.001),
        (metric("lr", "best"), None),
        (metric("test/accuracy"), 0.9),
        (metric("test/accuracy", "last"), 0.9),
        (metric("train/epoch_loss", "min"), 1),
        (metric("train/epoch_loss", "max"), 3),
        (metric("test/accuracy", "max"), 0.9),
        (metric("absent", "min"), None),
        (Field("field", "run"), "3"),
        (Field("field", "status"), "done"),
        (Field("field", "created"), 5.0),
        (Field("field", "duration"), 7.0),
        (Field("field", "started"), None),
        (Field("field", "host"), "there"),
        (Field("field", "commit"), "abc"),
        (Field("field", "branch"), "main"),
        (Field("field", "parent"), "/W/1"),
    ],
)
def test_a_field_has_the_recorded_value(facts, field, expected):
    assert facts.value(field) == expected


def test_the_work_dir_is_the_folder_around_it(facts):
    assert facts.value(Field("field", "work_dir")) == str(facts.row.path.parent)
    assert facts.value(Field("config", "format_version")) is None  # which is of the file


def test_a_run_without_readable_files_has_what_its_row_says(tmp_path):
    path = tmp_path / "0"
    path.mkdir()
    for name in ("config.json", "results.json", "provenance.json"):
        (path / name).write_text("{oops")
    facts = Facts(RunRow("0", path, "broken", last={"loss": 1.0}))
    values = {key: facts.value(Field("field", key)) for key in FIELDS}
    assert values["run"] == "0" and values["host"] is None and values["commit"] is None
    assert facts.config == {} and facts.metrics == {"loss": 1.0}
    assert facts.value(metric("loss", "min")) == 1.0
