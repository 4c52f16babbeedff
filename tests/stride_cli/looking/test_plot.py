"""Curves in the terminal, in a pipe, in files and as JSON."""

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from stride.runs.files.encoding import json_bytes

VAL, TRAIN = "validation/epoch_loss", "train/loss"
Train = Callable[..., Any]


@pytest.fixture
def trained(make_run: Callable[..., Any]) -> Train:
    """Return a function that writes a run of 20 epochs, whose loss falls to a value."""

    def train(*overrides: str, end: float = 0.5, **options: Any) -> Any:
        paths = make_run(*overrides, loss=end, **options)
        rows: list[dict[str, Any]] = []
        for epoch in range(1, 21):
            at = {"step": 10 * epoch, "time": 1e9 + epoch}
            rows.append({**at, "epoch": epoch - 1, TRAIN: 3 / epoch})
            rows.append({**at, "epoch": epoch, VAL: end + 1 - epoch / 20})
        paths.metrics.write_bytes(b"".join(map(json_bytes, rows)))
        return paths

    return train


def asked(stride: Any, *words: str) -> list[dict[str, Any]]:
    done = stride("plot", *words, "--json")
    assert done.code == 0, done.err
    found: list[dict[str, Any]] = json.loads(done.out)["plots"]
    return found


def test_a_run_is_drawn_by_what_it_monitors(stride: Any, trained: Train) -> None:
    trained()
    code, out, err = stride("plot", "W/0")
    lines = out.splitlines()
    assert (code, err) == (0, "") and lines[0] == f"W/0: {VAL}"
    assert len(lines) <= 22 and max(map(len, lines)) <= 80 and "\x1b" not in out
    assert "0.5 at step 200" in out and any("\u2800" <= sign <= "\u28ff" for sign in out)
    assert len(stride("plot", "W/0", "--height", "12").out.splitlines()) == 12
    (plot,) = asked(stride, "W/0")
    (line,) = plot["lines"]
    assert (line["runs"], line["best"], line["cell"]) == (["W/0"], 19, 0.0)
    assert line["x"] == [*range(10, 210, 10)] and line["y"] == line["low"] == line["high"]
    assert line["y"] == [0.5 + 1 - epoch / 20 for epoch in range(1, 21)]


def test_seeds_of_a_work_dir_are_one_line_and_runs_that_are_named_one_each(
    stride: Any, trained: Train
) -> None:
    for seed, end in enumerate([0.5, 0.75, 0.25]):
        trained(f"seed={seed}", "optimizer_kwargs.lr=0.001", end=end)
    trained("seed=0", "optimizer_kwargs.lr=0.5", end=0.125)
    (plot,) = asked(stride, "W")
    assert [line["label"] for line in plot["lines"]] == ["3 lr=0.5", "lr=0.001 (3 runs)"]
    mean = plot["lines"][1]
    assert mean["is_band"] and mean["runs"] == ["W/0", "W/1", "W/2"]
    assert mean["y"][-1] == 0.5 and mean["low"][-1] == pytest.approx(
        0.5 - 4.3027 * 0.25 / 3**0.5, 1e-4
    )
    named = asked(stride, "W/0", "W/1")[0]["lines"]
    assert [line["label"] for line in named] == ["0 seed=0", "1 seed=1"]
    assert len(asked(stride, "W", "--by", "run")[0]["lines"]) == 4
    by = asked(stride, "W", "--by", "lr, lr", "--where", "seed == 0")[0]["lines"]
    assert [line["label"] for line in by] == ["lr=0.5", "lr=0.001"]


def test_options_reach_the_curves(stride: Any, trained: Train) -> None:
    trained()
    (plot,) = asked(stride, "W/0", "-m", TRAIN, "--x", "epoch", "--log")
    assert (plot["name"], plot["along"], plot["log"]) == (TRAIN, "epoch", True)
    assert plot["lines"][0]["x"] == [*range(20)]
    smooth = asked(stride, "W/0", "-m", TRAIN, "--smooth", ".5")[0]
    assert smooth["lines"][0]["y"][:2] == pytest.approx([3, (0.5 * 3 + 1.5) / 1.5])
    assert "smoothed" in smooth["notes"][-1] and smooth["lines"][0]["best"] is None
    both = asked(stride, "W/0", "-m", "*")  # test/accuracy, which has no curve, is none of them
    assert [one["name"] for one in both] == [TRAIN, VAL]


def test_files_are_written_and_named(stride: Any, trained: Train, tmp_path: Any) -> None:
    trained()
    assert stride("plot", "W/0", "-o", "one.svg").out == "one.svg\n"
    assert (tmp_path / "one.svg").read_text().startswith("<svg")
    done = stride("plot", "W/0", "-m", TRAIN, "-m", VAL, "-o", "two.svg")
    assert done.out.split() == ["two-train-loss.svg", "two-validation-epoch_loss.svg"]
    assert all((tmp_path / name).stat().st_size for name in done.out.split())
    assert stride("plot", "W/0", "-m", TRAIN, "-m", VAL, "-o", "p.html").out == "p.html\n"
    assert (tmp_path / "p.html").read_text().count("<svg") == 2
    code, out, err = stride("plot", "W/0", "-o", "one.xyz")
    assert (code, out) == (2, "") and "one.xyz" in err and not (tmp_path / "one.xyz").exists()


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["W/0", "-m", "vall_loss"], f"no run here has 'vall_loss'; there are {TRAIN}, {VAL}"),
        (["W/0", "-m", "nothing*"], f"there are {TRAIN}, {VAL}"),
        (
            ["W/0", "-m", "test/accuracy"],
            "what there is at its end is shown by: stride show W/0",
        ),
        (["W/0", "--x", "steps"], "curves do not go along 'steps'; did you mean 'step'?"),
        (["W/0", "--smooth", "1"], "curves cannot be smoothed by 1; give a weight from 0"),
        (["W", "--by", "lrr"], "no run here has 'lrr'"),
        (["W", "--by", VAL], f"{VAL} is a metric; give keys of the config"),
        (["W", "--by", ","], "--by names no key; type: --by lr"),
        (["W", "--where", "seed == 9"], "no runs in W where seed == 9; type: stride ls W"),
        (["W/7"], "no run '7' (W); type: stride ls W"),
    ],
)
def test_what_is_wrong_is_told(stride: Any, trained: Train, words: list[str], what: str) -> None:
    trained()
    code, out, err = stride("plot", *words)
    assert (code, out) == (2, "") and what in err


def test_a_run_without_metrics_tells_what_to_type(stride: Any, make_run: Any) -> None:
    paths = make_run(loss=None, state="failed")
    paths.metrics.write_text("")
    err = stride("plot", "W/0").err
    assert err == "stride: error: no metric is recorded here yet (W/0); type: stride show W/0\n"


def test_a_run_that_trains_is_drawn_as_far_as_it_is(stride: Any, trained: Train) -> None:
    paths = trained(state="running")
    paths.results.unlink()
    rows = paths.metrics.read_bytes().splitlines(keepends=True)
    paths.metrics.write_bytes(b"".join(rows[:13]) + b'{"step": 70, "val')
    (plot,) = asked(stride, "W/0", "-m", "val_loss")
    assert plot["lines"][0]["x"] == [10, 20, 30, 40, 50, 60]


def test_a_broken_run_hides_no_other(stride: Any, trained: Train) -> None:
    trained("seed=0", "optimizer_kwargs.lr=0.5")
    trained().metrics.write_text('{"step": 1}\nnothing\n{"step": 3}\n')
    trained("seed=2").status.write_text("{")
    (plot,) = asked(stride, "W")
    assert [line["runs"] for line in plot["lines"]] == [["W/0"]]
    notes = " ".join(plot["notes"])
    assert "left out: W/2 (broken: " in notes and "line 2 is not a JSON object" in notes
    code, _, err = stride("plot", "W/1", "-m", "val_loss")
    assert code == 2 and "line 2 is not a JSON object (W/1/metrics.jsonl)" in err.replace(
        os.getcwd() + "/", ""
    )


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (200, 50), (40, 15)])
def test_it_fits_the_terminal(
    stride: Any, trained: Train, monkeypatch: pytest.MonkeyPatch, columns: int, lines: int
) -> None:
    trained("seed=0")
    trained("seed=1", "optimizer_kwargs.lr=0.5", end=0.7)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", str(lines))
    monkeypatch.setenv("NO_COLOR", "1")
    drawn = stride("plot", "W").out.splitlines()
    assert columns - 12 < max(map(len, drawn)) <= columns and len(drawn) == min(lines - 2, 40)
