import json
import math
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, ValidationError
from pydantic import ValidationError as Refused

from stride.errors import RunError
from stride.runs.files.atomic import atomic_json
from stride.runs.files.encoding import json_bytes
from stride.runs.files.jsonl import read_lines
from stride.runs.json_schemas import SCHEMAS
from stride.runs.layout import CheckpointPaths, RunPaths
from stride.runs.records.checkpoint import CheckpointIndex, CheckpointRecord, seal
from stride.runs.records.normalization import NormalizationRecord
from stride.runs.records.provenance import ProvenanceRecord
from stride.runs.records.results import ResultsRecord
from stride.runs.records.segment import SegmentRecord
from stride.runs.records.status import StatusRecord
from stride.runs.records.streams import MetricsRow

FORMAT_1 = Path(__file__).parents[1] / "format_1"
"""A run folder of version 1 as it was written then. It must stay readable: never change it."""


def shipped(name: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


FILES = {
    "status": StatusRecord,
    "provenance": ProvenanceRecord,
    "results": ResultsRecord,
    "normalization": NormalizationRecord,
}


@pytest.mark.parametrize("name", FILES)
def test_an_old_folder_stays_readable(name: str) -> None:
    path = FORMAT_1 / f"{name}.json"
    record = FILES[name].read(path)
    stored = json.loads(path.read_text())
    assert record.to_json() == stored
    shipped(name).validate(stored)


def test_an_old_folders_segments_metrics_and_checkpoints_stay_readable() -> None:
    paths = RunPaths(FORMAT_1)
    assert SegmentRecord.read(paths.segment(0)).n == 0
    index = CheckpointIndex.read(paths.checkpoint_index)
    assert index.last is not None
    record = CheckpointRecord.read(CheckpointPaths(paths.checkpoints / index.last).record)
    assert (record.step, record.epoch) == (index.entries[-1].step, index.entries[-1].epoch)
    rows = [MetricsRow.model_validate(row) for row in read_lines(paths.metrics)]
    assert [row.step for row in rows] == [10, 20]
    assert math.isnan((rows[1].__pydantic_extra__ or {})["train/epoch_loss"])
    for row in read_lines(paths.metrics):
        shipped("metrics_row").validate(row)
    for name, path in (("segment", paths.segment(0)), ("checkpoint_index", paths.checkpoint_index)):
        shipped(name).validate(json.loads(path.read_text()))


def test_numbers_that_json_lacks_go_there_and_back() -> None:
    values = {"best": {"step": 3, "a": math.inf, "n": 3}, "monitor": {"metric": "a", "mode": "max"}}
    record = ResultsRecord.model_validate(values)
    stored = record.to_json()
    assert stored["best"] == {"step": 3, "a": "Infinity", "n": 3}
    shipped("results").validate(stored)
    assert ResultsRecord.model_validate(stored) == record


@pytest.mark.parametrize(
    "wrong",
    [
        {"best": {"a": "0.5"}},
        {"best": {"a": True}},
        {"best": {"step": -1}},
        {"monitor": {"metric": "a", "mode": "up"}},
        {"weights_sha256": "abc"},
        {"parameters": 1.5},
        {"surprise": 1},
        {"format_version": 4},
    ],
)
def test_models_and_schemas_refuse_the_same(wrong: dict[str, object]) -> None:
    with pytest.raises(Refused):
        ResultsRecord.model_validate(wrong)
    with pytest.raises(ValidationError):
        shipped("results").validate({"format_version": 1, **wrong})


def test_a_file_always_carries_its_version() -> None:
    with pytest.raises(ValidationError, match="'format_version' is a required property"):
        shipped("results").validate({})
    assert ResultsRecord().to_json()["format_version"] == 3


def test_a_broken_file_is_told_with_its_key(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    atomic_json(path, {"format_version": 1, "timings": {"wall_seconds": "long"}})
    with pytest.raises(RunError) as caught:
        ResultsRecord.read(path)
    assert str(caught.value).startswith(
        "results.json is broken: timings.wall_seconds: Input should"
    )
    assert caught.value.where == str(path)


def test_a_newer_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    atomic_json(path, {"format_version": 4, "new_key": 1})
    with pytest.raises(RunError, match="written by a newer STRIDE"):
        ResultsRecord.read(path)


def test_provenance_may_hold_further_facts() -> None:
    record = ProvenanceRecord.model_validate({"threads": {"torch": 2}, "git": {"commit": None}})
    assert record.to_json()["threads"] == {"torch": 2}
    assert record.to_json()["git"] == {"commit": None}


def test_the_record_of_a_checkpoint_is_known_by_its_seal_from_format_3_on(tmp_path: Path) -> None:
    path, place = tmp_path / "checkpoint.json", {"step": 7, "epoch": 1, "position": 3}
    values = {"format_version": 3, **place, "time": 1.0, "files": {}, "versions": {}}
    atomic_json(path, values | {"format_version": 2})
    assert CheckpointRecord.read(path).step == 7
    whole = seal(json_bytes(values | {"sha256": "0" * 64}, indent=2))
    path.write_bytes(whole)
    assert CheckpointRecord.read(path).step == 7
    for damaged in (json_bytes(values, indent=2), whole.replace(b'"step": 7', b'"step": 8')):
        path.write_bytes(damaged)
        with pytest.raises(RunError, match=r"checkpoint\.json is damaged"):
            CheckpointRecord.read(path)
