"""`stride import`, and commands on what it brings."""

import json
import shutil
from pathlib import Path

import pytest

from tests.exchange.imports.sources import RECORDED
from tests.stride_cli.conftest import MakeRun, Stride

LIGHTNING, WANDB = str(RECORDED / "lightning"), str(RECORDED / "wandb")


def test_the_folders_are_printed_and_what_was_left_out(stride: Stride) -> None:
    done = stride("import", WANDB, "-w", "W")
    assert (done.code, done.out) == (0, "W/0\nW/1\n")
    assert "run-axes.wandb: 10 rows of 5 metrics\n" in done.err
    assert "  validation/epoch_loss goes along tokens\n" in done.err
    assert "  left out: keys of images, texts, tables and the like: 3\n" in done.err


def test_a_source_is_imported_once_unless_asked(stride: Stride) -> None:
    stride("import", LIGHTNING, "-w", "W", "--run", "theirs")
    again = stride("import", LIGHTNING, "-w", "W")
    assert (again.code, again.out) == (0, "W/theirs\n") and "--again" in again.err
    answers = json.loads(stride("import", LIGHTNING, LIGHTNING, "-w", "W", "--json").out)
    assert [(one["run"], one["new"]) for one in answers] == [("theirs", False)] * 2
    assert stride("import", LIGHTNING, "-w", "W", "--again").out == "W/0\n"


def test_runs_of_others_are_listed_compared_and_asked_for(
    stride: Stride, make_run: MakeRun
) -> None:
    make_run("seed=3")
    stride("import", LIGHTNING, WANDB, "-w", "W", "--monitor", "val_loss")
    listed = stride("ls", "W").out
    assert "Lightning: lightning/version_0" in listed and "W&B: calm-tree" in listed
    found = json.loads(stride("ls", "W", "--where", "imported == lightning", "--json").out)
    assert [(row["run"], row["best"]["validation/epoch_loss"]) for row in found] == [
        ("1", 0.010365917347371578)
    ]
    chosen = stride("ls", "W", "--where", "hyperparameters.lr < 0.5 and seed == 3", "--json").out
    assert {row["run"] for row in json.loads(chosen)} == {"1", "2"}
    shown = stride("show", "W/2").out
    assert "W&B: calm-tree (0.31.0), from " in shown and "along tokens" in shown
    assert stride("metrics", "W/1").out.split()[:3] == ["epoch", "step", "validation/epoch_loss"]
    compared = stride("compare", "W/0", "W/1", "W/2")
    assert compared.code == 0 and "hyperparameters.lr" in compared.out
    counted = stride("stats", "W", "-m", "val_loss").out.splitlines()
    names = {" ".join(line.split()).split(" unclear")[0].split(" best")[0] for line in counted[1:]}
    assert "lr=0.0625 hyperparameters.sizes=[8, 8]" in names
    assert not [name for name in names if "max_epochs" in name]  # of which others know nothing
    assert stride("verify", "W/1", "W/2", "W/3").code == 0


def test_an_axis_of_its_own_is_not_mixed_with_steps(stride: Stride) -> None:
    stride("import", LIGHTNING, WANDB, "-w", "W")
    (plot,) = json.loads(stride("plot", "W", "-m", "val_loss", "--by", "run", "--json").out)[
        "plots"
    ]
    assert {line["runs"][0] for line in plot["lines"]} == {"W/0", "W/2"}
    assert [note for note in plot["notes"] if "validation/epoch_loss goes along tokens" in note]
    words = ("plot", "W", "-m", "val_loss", "--x", "tokens", "--by", "run", "--json")
    (own,) = json.loads(stride(*words).out)["plots"]
    (line,) = own["lines"]
    assert (own["along"], line["runs"]) == ("tokens", ["W/1"])
    assert (line["x"], line["y"][:2]) == ([0.5, 1000.5, 2000.5, 3000.5, 4000.5], [0.1, 0.0])
    alone = stride("plot", "W/1", "-m", "val_loss")
    assert alone.code == 2 and "type: --x tokens" in alone.err
    assert "did you mean 'tokens'" in stride("plot", "W/1", "--x", "tokns").err
    assert stride("plot", "W/1", "-m", "val_loss", "--x", "epoch").code == 0


@pytest.mark.parametrize(
    "command", ["resume", "fork", "reproduce", "evaluate", "predict -o out.npz", "config"]
)
def test_what_needs_more_than_numbers_is_refused(stride: Stride, command: str) -> None:
    stride("import", LIGHTNING, "-w", "W")
    name, *options = command.split()
    done = stride(name, "W/0", *options)
    assert done.code == 2 and "imported from Lightning" in done.err
    assert "type: stride show " in done.err and stride("verify", "W/0").code == 0


def test_mistakes_say_what_to_type_and_leave_nothing(stride: Stride, tmp_path: Path) -> None:
    for words, hint in {
        ("nothing",): "there is nothing here",
        (LIGHTNING, "--from", "wandb"): "no run of W&B is here",
        (LIGHTNING, "--monitor", "loss", "--mode", "most"): "--mode is min or max",
        (LIGHTNING, "--mode", "min"): "type: --monitor NAME",
        (LIGHTNING, "--monitor", "accuracy"): "no run here has 'accuracy'",
        (LIGHTNING, "--run", "../out"): "refused",
        (WANDB, "--run", "one"): "--run is the name of one run, and 2 are here",
    }.items():
        done = stride("import", *words, "-w", "W")
        assert done.code == 2 and hint in done.err, words
    assert not (tmp_path / "W").exists()


def test_one_broken_source_keeps_no_other_from_coming(stride: Stride, tmp_path: Path) -> None:
    shutil.copytree(WANDB, tmp_path / "runs")
    (tmp_path / "runs/run-broken.wandb").write_bytes(b"not one")
    done = stride("import", "runs", "-w", "W")
    assert (done.code, done.out) == (2, "W/0\nW/1\n")
    assert "not imported: this is not a file of W&B (runs/run-broken.wandb)" in done.err
    assert "1 of 3 runs were not imported" in done.err


def test_runs_without_a_seed_are_compared_and_none_is_trained(stride: Stride) -> None:
    for name, loss in (("a", 0.25), ("b", 0.5)):
        Path(name).mkdir()
        Path(name, "metrics.csv").write_text(f"step,val_loss\n1,{loss}\n")
    stride("import", "a", "b", "-w", "W")
    counted = stride("stats", "W", "-m", "val_loss", "--mode", "min")
    assert counted.code == 0 and "source_name=a" in counted.out and "source_name=b" in counted.out
    for more in ([], ["--seeds", "2"]):
        asked = stride("better", "W/0", "W/1", "-m", "val_loss", "--run", *more)
        assert asked.code == 2 and "this run was imported from Lightning" in asked.err
