import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stride.errors import ComponentError, LostRun
from stride.loggers.base import Logger, Loggers, Row, build_loggers
from stride.loggers.csv import CsvLogger
from stride.loggers.tensorboard import TensorBoardLogger
from stride.runs.layout import RunPaths


class Kept(Logger):
    """Keep rows, and raise where told to."""

    def __init__(self, fails_at: str = "", error: Exception | None = None) -> None:
        self.calls: list[str] = []
        self.rows: list[Row] = []
        self.fails_at, self.error = fails_at, error or OSError("disk full")

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if name == self.fails_at:
            raise self.error

    def open(self, paths: RunPaths, config: Mapping[str, Any]) -> None:
        self._called("open")

    def write(self, row: Row) -> None:
        self._called("write")
        self.rows.append(row)

    def close(self) -> None:
        self._called("close")


def run_through(loggers: Loggers, path: Path, rows: int = 3) -> None:
    loggers.open(RunPaths(path), {})
    for step in range(rows):
        loggers.write({"step": step})
    loggers.close()


def test_each_logger_gets_every_row(tmp_path: Path) -> None:
    both = [Kept(), Kept()]
    run_through(Loggers(both), tmp_path)
    for kept in both:
        assert kept.calls == ["open", "write", "write", "write", "close"]
        assert [row["step"] for row in kept.rows] == [0, 1, 2]


@pytest.mark.parametrize("place", ["open", "write", "close"])
def test_one_that_fails_is_warned_about_once_and_dropped(
    place: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken, whole = Kept(place), Kept()
    loggers = Loggers([broken, whole])
    with caplog.at_level(logging.WARNING, logger="stride"):
        run_through(loggers, tmp_path)
    assert [row["step"] for row in whole.rows] == [0, 1, 2]
    assert broken.calls.count(place) == 1
    assert broken.calls[-1] == place
    messages = [record.getMessage() for record in caplog.records]
    assert messages == ["Kept is disabled: OSError: disk full; the metrics are in metrics.jsonl"]


def test_a_lost_run_and_an_interrupt_go_through(tmp_path: Path) -> None:
    for error in (LostRun("a newer segment"), KeyboardInterrupt()):
        loggers = Loggers([Kept("write", error)])  # type: ignore[arg-type]
        with pytest.raises(type(error)):
            run_through(loggers, tmp_path)


def test_closing_twice_closes_once(tmp_path: Path) -> None:
    kept = Kept()
    loggers = Loggers([kept])
    run_through(loggers, tmp_path)
    loggers.close()
    assert kept.calls.count("close") == 1


def test_names_become_loggers_once_each_and_jsonl_is_passed_over() -> None:
    kept = Kept()
    loggers = build_loggers(["csv", "jsonl", "tensorboard", "csv"], others=[kept])
    assert [type(one) for one in loggers._loggers] == [CsvLogger, TensorBoardLogger, Kept]
    assert len(build_loggers([])) == 0


def test_an_import_path_is_built_without_arguments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "their_loggers.py").write_text(
        "class Mine:\n"
        "    def open(self, paths, config): self.path = paths.path\n"
        "    def write(self, row): (self.path / 'mine').write_text(str(row['step']))\n"
        "    def close(self): pass\n"
        "class Other: pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    run_through(build_loggers(["their_loggers:Mine"]), tmp_path)
    assert (tmp_path / "mine").read_text() == "2"
    with pytest.raises(ComponentError, match="gives a Other, not a logger"):
        build_loggers(["their_loggers:Other"])


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(ComponentError, match="did you mean 'tensorboard'"):
        build_loggers(["tensorbord"])
