"""Make the JSON Schemas in `schemas/` out of the models that STRIDE writes with."""

from pathlib import Path
from typing import Any

from stride.config.schema import Config
from stride.config.sweep.files import file_schema
from stride.runs.files.atomic import atomic_json
from stride.runs.records.checkpoint import CheckpointIndex, CheckpointRecord, CheckpointState
from stride.runs.records.curves import CurveRecord, CurvesRecord
from stride.runs.records.imported import ImportedConfig
from stride.runs.records.job import JobRecord
from stride.runs.records.normalization import NormalizationRecord
from stride.runs.records.provenance import ProvenanceRecord
from stride.runs.records.reconstruction import ReconstructionRecord
from stride.runs.records.record import Record, Versioned
from stride.runs.records.reproduction import ReproductionRecord
from stride.runs.records.results import ResultsRecord
from stride.runs.records.segment import SegmentRecord
from stride.runs.records.signature import SignatureRecord
from stride.runs.records.status import ProgressRecord, StatusRecord
from stride.runs.records.streams import (
    ArtifactRow,
    EvaluationRow,
    FingerprintRow,
    MetricsRow,
    RoundRow,
)
from stride.runs.records.sweep import SweepRecord
from stride.runs.records.tags import TagsRecord

SCHEMAS = Path(__file__).parent / "schemas"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"

RECORDS: tuple[type[Record], ...] = (
    StatusRecord,
    ProgressRecord,
    SegmentRecord,
    JobRecord,
    ProvenanceRecord,
    ImportedConfig,
    MetricsRow,
    ResultsRecord,
    CheckpointRecord,
    CheckpointState,
    CheckpointIndex,
    NormalizationRecord,
    FingerprintRow,
    RoundRow,
    ArtifactRow,
    EvaluationRow,
    CurveRecord,
    CurvesRecord,
    ReconstructionRecord,
    ReproductionRecord,
    SignatureRecord,
    TagsRecord,
    SweepRecord,
)
"""Every record that is a file, or a line of one."""


def schemas() -> dict[str, dict[str, Any]]:
    """Return file name -> JSON Schema of every record, of a run's config and of a sweep file."""
    made = {record.schema_name: _of_record(record) for record in RECORDS}
    made["config"] = _of_config()
    made["sweep_file"] = file_schema()
    return {f"{name}.schema.json": {"$schema": _DIALECT, **one} for name, one in made.items()}


def write_schemas(folder: Path = SCHEMAS) -> None:
    """Write the schemas that the package ships; a test says when they are out of date."""
    for name, schema in schemas().items():
        atomic_json(folder / name, schema)


def _of_record(record: type[Record]) -> dict[str, Any]:
    schema = record.model_json_schema()
    if issubclass(record, Versioned):  # it has a default in Python, and is never left out
        schema["required"] = ["format_version", *schema.get("required", [])]
    return schema


def _of_config() -> dict[str, Any]:
    """Return the schema of config.json: the config, and the version that only the file has."""
    schema, version = Config.model_json_schema(), _of_record(Versioned)
    schema["properties"] = version["properties"] | schema["properties"]
    schema["required"] = version["required"] + schema["required"]
    return schema
