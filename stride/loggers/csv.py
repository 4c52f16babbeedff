"""The rows of metrics.jsonl as a table: metrics.csv."""

from collections.abc import Mapping
from typing import Any

from stride.loggers.base import Logger, Row
from stride.loggers.csv_table import CsvTable
from stride.runs.files.jsonl import read_lines
from stride.runs.layout import RunPaths


class CsvLogger(Logger):
    """Write each row as a line of metrics.csv; on resuming it is rebuilt from metrics.jsonl."""

    def open(self, paths: RunPaths, config: Mapping[str, Any]) -> None:
        """Put the rows so far into metrics.csv and keep it open."""
        rows = read_lines(paths.metrics) if paths.metrics.exists() else []
        self._table = CsvTable(paths, paths.metrics_csv, rows)

    def write(self, row: Row) -> None:
        """Append the row; on an error no part of it stays."""
        self._table.append(row)

    def close(self) -> None:
        """Make the file durable and close it."""
        self._table.close()
