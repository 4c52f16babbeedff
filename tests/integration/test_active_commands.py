"""The commands of active learning, as a person types them."""

import os
import subprocess
import sys
from pathlib import Path

from stride.runs.files.atomic import read_lines
from stride.runs.layout import RunPaths
from stride.runs.verify.run import verify_run


def stride(folder: Path, *words: str, given: str = "") -> str:
    """Run a command in a folder; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "stride", *words],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        input=given,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def keys(**values: object) -> list[str]:
    """Return overrides as words."""
    return [word for key, value in values.items() for word in ("--config", f"{key}={value}")]


def test_fifteen_queries_of_twenty(tmp_path: Path) -> None:
    asked = {"strategy": "EntropySampling", "num_queries": 20, "num_rounds": 15}
    active = [w for k, v in asked.items() for w in ("--config", f"active_config.{k}={v}")]
    short = ["--config", "training_config.max_epochs=2"]
    printed = stride(tmp_path, *keys(work_dir="W", trainer="active"), *active, *short)
    run = RunPaths(tmp_path / printed.splitlines()[-1])
    rows = read_lines(run.rounds)
    assert [row["labelled"] for row in rows] == list(range(10, 311, 20))
    assert len({one for row in rows for one in row["queried"]}) == 300
    assert verify_run(run.path).problems == []


def test_strategies_side_by_side_and_a_person_as_the_oracle(tmp_path: Path) -> None:
    rounds = ["--config", "active_config.num_rounds=1", "--config", "training_config.max_epochs=1"]
    named = "UniformSampling,EntropySampling,BADGE"
    told = stride(tmp_path, "active", "C", "--compare", named, "--seeds", "2", *rounds)
    assert all(name in told for name in named.split(","))
    person = ["--config", "active_config.oracle=person", "--config", "active_config.num_queries=2"]
    stride(tmp_path, *keys(work_dir="W", run="3", trainer="active"), *rounds, *person)
    ids = [line.split(",")[1] for line in (tmp_path / "W/3/queries.csv").read_text().split()[1:]]
    stride(tmp_path, "label", "W/3", given="".join(f"{one} 7\n" for one in ids))
    assert len(read_lines(RunPaths(tmp_path / "W" / "3").rounds)) == 2
