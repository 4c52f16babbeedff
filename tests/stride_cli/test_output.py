import io
import json
import os
import sys
from pathlib import Path

import pytest

from stride.errors import UserError
from stride.loggers.screen import Screen
from stride.tables.table import Column, Table, numbers
from stride_cli.output import (
    Form,
    form_of,
    print_csv,
    print_json,
    print_path,
    print_table,
    show_progress,
)


def test_a_table_is_never_cut_off_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(Table([Column("run", str), Column("text", str, long=True)], [["0", "x" * 300]]))
    assert capsys.readouterr().out == "run  text\n0    " + "x" * 300 + "\n"


def test_a_table_that_is_wider_than_the_terminal_is_divided(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "30")
    rows = [[f"run{n}", 0.25, 0.5, 0.125] for n in range(9)]
    print_table(Table([Column("run", str), *map(numbers, ("a" * 9, "b" * 9, "c" * 9))], rows))
    told = capsys.readouterr().out
    assert "run8       0.25        0.5\n\nrun   ccccccccc\n" in told and "run8      0.125" in told


@pytest.mark.parametrize(
    ("form", "line"),
    [(Form.CSV, "0,0.25"), (Form.MARKDOWN, "| 0 | 0.25 |"), (Form.LATEX, r"0 & $0.25$ \\")],
)
def test_every_form_has_the_same_numbers(
    capsys: pytest.CaptureFixture[str], form: Form, line: str
) -> None:
    print_table(Table([Column("run", str), numbers("loss")], [["0", 0.25]]), form)
    assert line in capsys.readouterr().out.splitlines()


def test_one_form_at_a_time() -> None:
    assert form_of(json=False, csv=False) is Form.TEXT
    assert form_of(json=False, latex=True) is Form.LATEX
    with pytest.raises(UserError, match="--json and --csv exclude each other"):
        form_of(json=True, csv=True)


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


def test_progress_is_shown_on_a_terminal_alone_and_taken_away(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    show_progress("1 of 2")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "10")
    for text in ("1 of 2 runs: \x1b[31m", ""):
        show_progress(text)
    assert capsys.readouterr().err == "\x1b[K1 of 2 ru\r\x1b[K\r"
