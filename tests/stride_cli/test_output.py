import io
import json
import os
import sys
from pathlib import Path

import pytest

from stride.loggers.screen import Screen
from stride_cli.output import fit, print_csv, print_json, print_path, print_table


def test_columns_are_aligned_and_never_cut_off_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table(
        ["run", "loss", "overrides"], [["0", "1.5", "x" * 300], ["12", "10", ""]], right=[1]
    )
    lines = capsys.readouterr().out.split("\n")
    assert lines[0] == "run  loss  overrides"
    assert lines[1] == "0     1.5  " + "x" * 300
    assert lines[2] == "12     10"


def test_a_cell_with_a_line_break_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["run", "overrides"], [["0", "a\nb\tc"]])
    assert capsys.readouterr().out == "run  overrides\n0    a b c\n"


def test_fit_cuts_a_title_that_is_longer_than_its_cells_first() -> None:
    assert fit([3, 26, 40], [3, 6, 40], 60) == [3, 13, 40]


def test_fit_takes_from_the_last_column_next() -> None:
    assert fit([3, 26, 100], [3, 6, 100], 80) == [3, 12, 61]


def test_fit_takes_from_the_widest_when_the_last_is_spent() -> None:
    assert fit([3, 60, 100], [3, 60, 100], 60) == [3, 45, 8]


def test_fit_leaves_what_has_room() -> None:
    assert fit([3, 10], [3, 10], 80) == [3, 10]


def test_csv_quotes_what_needs_it(capsys: pytest.CaptureFixture[str]) -> None:
    print_csv(["a", "b"], [["1,5", None]])
    assert capsys.readouterr().out == 'a,b\n"1,5",\n'


def test_json_is_valid_json_on_a_stream_that_takes_ascii_only(monkeypatch) -> None:
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", narrow)
    print_json(["größe", "\U0001f600"])
    narrow.flush()
    assert json.loads(narrow.buffer.getvalue()) == ["größe", "\U0001f600"]


def test_json_is_valid_json_for_any_number(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": [float("nan"), float("inf"), float("-inf"), 1.0]})
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert found == {"a": ["NaN", "Infinity", "-Infinity", 1.0]}


def test_a_program_gets_the_bytes_of_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", Screen(io.TextIOWrapper(pipe, encoding="utf-8")))
    print_path(Path(os.fsdecode(b"W\xff\x1b/0")))
    assert pipe.getvalue() == b"W\xff\x1b/0\n"
