"""Make the JSON Schemas in `schemas/` out of the models of what commands print."""

from pathlib import Path
from typing import Any

from stride.runs.files.atomic import atomic_json
from stride_cli.programs.answers import ANSWERS

SCHEMAS = Path(__file__).parent / "schemas"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def answer_schemas() -> dict[str, dict[str, Any]]:
    """Return file name -> JSON Schema of what each command prints with `--json`."""
    return {
        f"{name}.schema.json": {"$schema": _DIALECT, **answer.model_json_schema()}
        for name, answer in ANSWERS.items()
    }


def write_answer_schemas(folder: Path = SCHEMAS) -> None:
    """Write the schemas that the package ships; a test says when they are out of date."""
    for name, schema in answer_schemas().items():
        atomic_json(folder / name, schema)
