"""`stride export`."""

import json
from pathlib import Path

from stride.exchange.export.export import TARGETS
from stride_cli.exchanging.commands import TOOLS
from tests.stride_cli.conftest import MakeRun, Stride


def test_the_folder_is_printed_and_what_to_look_at(
    stride: Stride, make_run: MakeRun, tmp_path: Path
) -> None:
    make_run("seed=1")
    make_run("seed=2", state="waiting")
    done = stride("export", "W", "--to", "csv")
    assert (done.code, done.out) == (0, "W-csv\n")
    assert done.err == (
        "left out: W/1 (it has not ended: waiting)\n"
        "1 run, 1 row of metrics; to look at them: open W-csv/runs.csv\n"
    )
    again = json.loads(stride("export", "W", "--to", "csv", "--all", "--json").out)
    assert again["replaced"] and again["left_out"] == []
    assert [(run["label"], run["rows"]) for run in again["runs"]] == [("0", 1), ("1", 1)]
    chosen = stride("export", "W", "--to", "csv", "--where", "seed == 1", "-o", "some where")
    assert chosen.out == "some where\n" and "open 'some where/runs.csv'" in chosen.err
    assert (tmp_path / "some where/metrics/0.csv").is_file()


def test_the_tools_that_are_offered_are_those_that_there_are() -> None:
    assert [*TARGETS] == [*TOOLS]


def test_mistakes_say_what_to_type(stride: Stride, make_run: MakeRun) -> None:
    make_run()
    wrong = stride("export", "W/0", "--to", "exel")
    assert wrong.code == 2 and "there are tensorboard, wandb, csv, parquet" in wrong.err
    there = stride("export", "W/0", "--to", "csv", "-o", "W/0")
    assert there.code == 2 and "is, or lies in, the run 0" in there.err
    waiting = make_run(state="waiting")
    none = stride("export", str(waiting.path), "--to", "csv")
    assert none.code == 2 and "--all takes runs that have not ended" in none.err
