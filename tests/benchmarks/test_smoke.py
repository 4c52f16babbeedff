"""The benchmarks run and print a table; what they measure is judged by people, not by tests."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.warm import Warm

ROOT = Path(__file__).resolve().parents[2]
VERDICTS = {"", "ok", "missed", "not installed"}


def test_a_group_is_measured_and_judged_as_json(warm: Warm) -> None:
    done = warm.python("-m", "benchmarks", "--quick", "--json", "--only", "step", folder=ROOT)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert [(row["name"], row["goal"]) for row in rows] == [("step", 0.60), ("step", 1.08)]
    assert all(0 < row["low"] <= row["median"] <= row["high"] for row in rows)
    assert {row["verdict"] for row in rows} <= VERDICTS


@pytest.mark.slow
def test_every_group_has_rows_in_one_table() -> None:
    command = [sys.executable, "-m", "benchmarks", "--quick"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    title, rule, *lines = done.stdout.split("\n\n")[0].splitlines()
    assert title.split() == ["row", "what", "median", "spread", "goal"]
    assert set(rule) == {"-", " "}
    groups = ["step", "loader", "values", "models", "epochs", "fits"]
    groups += [
        "optimizers",
        "packs",
        "packed-runs",
        "benchmark",
        "startup",
        "listing",
        "deciding",
        "sweeps",
    ]
    groups += [
        "scalars",
        "reports",
        "curves",
        "display",
        "memory",
        "samples",
        "checkpoint",
        "fingerprints",
        "processes",
        "queries",
        "replay",
        "environments",
        "evidence",
        "volumes",
        "reconstruction",
        "pages",
        "overviews",
        "reinforcement",
        "peers",
    ]
    assert list(dict.fromkeys(line.split()[0] for line in lines)) == groups


def test_rows_that_miss_their_goal_or_are_not_there_say_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks.table import Row, render, row_of

    rows = [
        row_of("a", "good", [0.9, 1.0, 1.1], 1.0),
        row_of("a", "bad", [1.2], 1.0, "us"),
        Row("b", "unknown", goal=0.4, missing="not installed"),
    ]
    assert [row.verdict for row in rows] == ["ok", "missed", "not installed"]
    good, bad, unknown = (line.split() for line in render(rows).splitlines()[2:])
    assert good == ["a", "good", "1.000", "0.950..1.050", "<=", "1.000", "ok"]
    assert bad == ["a", "bad", "1.200", "us", "1.200..1.200", "<=", "1.000", "missed"]
    assert unknown == ["b", "unknown", "-", "-", "-", "not", "installed"]
