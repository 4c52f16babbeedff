"""The commands of active learning, as a person types them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stride.runs.files.jsonl import read_lines
from stride.runs.layout import RunPaths
from stride.runs.verify.run import verify_run
from tests.warm import Warm

Stride = Callable[..., str]


@pytest.fixture
def stride(tmp_path: Path, warm: Warm) -> Stride:
    """Return what runs a command in the test's folder and gives what it printed."""

    def run(*words: str, given: str = "") -> str:
        done = warm.stride(*words, folder=tmp_path, given=given)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def keys(**values: object) -> list[str]:
    """Return overrides as words."""
    return [word for key, value in values.items() for word in ("--config", f"{key}={value}")]


def test_fifteen_queries_of_twenty(stride: Stride, tmp_path: Path) -> None:
    asked = {"strategy": "EntropySampling", "num_queries": 20, "num_rounds": 15}
    active = [w for k, v in asked.items() for w in ("--config", f"active_config.{k}={v}")]
    short = ["--config", "training_config.max_epochs=2"]
    printed = stride(*keys(work_dir="W", trainer="active"), *active, *short)
    run = RunPaths(tmp_path / printed.splitlines()[-1])
    rows = read_lines(run.rounds)
    assert [row["labelled"] for row in rows] == list(range(10, 311, 20))
    assert len({one for row in rows for one in row["queried"]}) == 300
    assert verify_run(run.path).problems == []


def test_strategies_side_by_side_and_a_person_as_the_oracle(stride: Stride, tmp_path: Path) -> None:
    rounds = ["--config", "active_config.num_rounds=1", "--config", "training_config.max_epochs=1"]
    named = "UniformSampling,EntropySampling,BADGE"
    told = stride("active", "C", "--compare", named, "--seeds", "2", *rounds)
    assert all(name in told for name in named.split(","))
    person = ["--config", "active_config.oracle=person", "--config", "active_config.num_queries=2"]
    stride(*keys(work_dir="W", run="3", trainer="active"), *rounds, *person)
    ids = [line.split(",")[1] for line in (tmp_path / "W/3/queries.csv").read_text().split()[1:]]
    stride("label", "W/3", given="".join(f"{one} 7\n" for one in ids))
    assert len(read_lines(RunPaths(tmp_path / "W" / "3").rounds)) == 2
