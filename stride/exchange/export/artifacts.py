"""The artifacts of a run that can be exported."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stride.errors import BrokenRecord
from stride.exchange.export.numbers import place_fault
from stride.runs.artifacts.read import kept_artifacts
from stride.runs.files.digest import require_digest
from stride.runs.files.encoding import as_utf8
from stride.runs.layout import RunPaths

KINDS = ("image", "figure", "text", "histogram")


def checked_artifacts(paths: RunPaths) -> list[dict[str, Any]]:
    """Return the rows of the artifacts that are there, each with the `path` of its file.

    Raises:
        RunError: a row is broken, or a file is not the one that was logged.
    """
    rows = kept_artifacts(paths)
    for row in rows:
        if fault := _fault(row):
            raise BrokenRecord(f"{row['file']}: {fault}", where=str(paths.artifact_rows))
        require_digest(row["path"], row["sha256"])
    return rows


def broken_artifact(row: Mapping[str, Any], cause: Exception) -> BrokenRecord:
    """Return the error for a file that is not what its row says, though it was logged so."""
    path: Path = row["path"]
    return BrokenRecord(f"{path.name} is not a {row['kind']}: {cause}", where=str(path))


def _fault(row: Mapping[str, Any]) -> str:
    if row.get("kind") not in KINDS:
        return f"there is not such a kind as {row.get('kind')!r}"
    name = row.get("name")
    if not isinstance(name, str) or as_utf8(name) != name:
        return f"{name!r} is not a name in UTF-8"
    if not isinstance(row.get("sha256"), str):
        return "its SHA-256 is not recorded"
    return place_fault(row)
