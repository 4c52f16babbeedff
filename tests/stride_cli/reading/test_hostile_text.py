"""What a folder says reaches no terminal as a command, and no spreadsheet as a formula."""

import csv
import io
import json
import os
from pathlib import Path

import pytest

EVIL = "\x1b]0;x\x07\x9b2J\u202e\r"
OBEYED = set("\x1b\x07\x9b\u202e\r")
COMMANDS = [
    ["ls", "W"],
    ["ls", "W", "--json"],
    ["ls", "W", "--csv"],
    ["show", "W/0"],
    ["show", "W/0", "--json"],
    ["compare", "W"],
    ["compare", "W", "--csv"],
    ["diff", "W/0", "W/1"],
    ["config", "W/0"],
    ["config", "W/0", "--json"],
    ["logs", "W/0"],
    ["verify", "W", "--all"],
    ["path", "W/nothing" + EVIL],
    ["path", "W/latest" + EVIL],
    ["--debug", "ls", EVIL],
]


@pytest.fixture
def hostile(make_run, tmp_path: Path) -> Path:
    """Return a run whose every text is a command to a terminal, in a work_dir with others."""
    run = make_run("seed=1")
    make_run("seed=2", state="failed")
    for file, words in ((run.status, ("reason", "overrides")), (run.provenance, ("command",))):
        record = json.loads(file.read_text())
        values = {word: EVIL if word == "reason" else [f"={EVIL}"] for word in words}
        file.write_text(json.dumps(record | {"state": "failed"} | values))
    record = json.loads(run.status.read_text())
    record["metrics"] = {"best": {"@" + EVIL: 1.0}, "last": {}}
    run.status.write_text(json.dumps(record))
    config = json.loads(run.config.read_text())
    config["model_kwargs"][EVIL] = EVIL
    run.config.write_text(json.dumps(config))
    run.log(0).write_text(f"one{EVIL}\n\ttwo\n")
    named = os.fsencode(tmp_path / "W") + b"/\xff" + EVIL.encode()
    os.mkdir(named)
    Path(os.fsdecode(named), "status.json").write_text(EVIL)
    return run.path


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_command_passes_a_command_on(stride, hostile, words) -> None:
    code, out, err = stride(*words)
    assert code == (
        2 if "nothing" in words[-1] or EVIL in words[-1] else 1 if "verify" in words else 0
    )
    assert out or err
    assert not OBEYED & {*out, *err}
    assert "\udcff" not in out + err


def test_a_log_keeps_its_lines(stride, hostile) -> None:
    shown = "one\\x1b]0;x\\x07\\x9b2J\\u202e\\r\n\ttwo\n"
    assert stride("logs", "W/0").out == shown


def test_no_cell_is_a_formula_and_numbers_stay(stride, hostile) -> None:
    rows = list(csv.reader(io.StringIO(stride("ls", "W", "--csv").out)))
    cells = [cell for row in rows for cell in row]
    assert any(cell.startswith("'=") for cell in cells) and "'@" in "".join(rows[0])
    assert not any(cell.startswith(("=", "@", "+")) for cell in cells)
    assert float(rows[1][rows[0].index("created")]) > 0
