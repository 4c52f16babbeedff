"""Read which artifacts a run has, without opening them."""

import os
from collections.abc import Iterator
from typing import Any

from stride.errors import BrokenRecord
from stride.runs.files.jsonl import scan
from stride.runs.layout import RunPaths, is_file_name


def artifact_rows(paths: RunPaths) -> Iterator[dict[str, Any]]:
    """Yield the rows of artifacts.jsonl, in the order in which they were logged.

    Raises:
        RunError: a line before the last is broken, or names no file of the run's.
    """
    for number, row in scan(paths.artifact_rows):
        file = row.get("file")
        if not isinstance(file, str) or not is_file_name(file):
            what = f"line {number} names no file: {file!r}"
            raise BrokenRecord(what, where=str(paths.artifact_rows))
        yield row


def kept_artifacts(paths: RunPaths) -> list[dict[str, Any]]:
    """Return the rows of the artifacts that are there, each with the `path` of its file.

    Of those beyond `logging_config.keep_artifacts` only the row is left.

    Raises:
        RunError: as `artifact_rows`.
    """
    rows = [row | {"path": paths.artifacts / row["file"]} for row in artifact_rows(paths)]
    return [row for row in rows if os.path.lexists(row["path"])]
