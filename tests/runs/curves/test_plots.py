"""Plots of runs: which are drawn, as which lines, and what is told beside them."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from stride import Run, open_runs
from stride.errors import RunError, UserError
from stride.runs.curves.plots import plot_runs
from stride.runs.files.encoding import json_bytes
from stride.runs.layout import RunPaths
from stride.runs.listing.facts import Facts
from stride.runs.listing.query import list_runs
from stride.runs.writer import RunWriter

VAL, TRAIN = "validation/epoch_loss", "train/loss"
MakeRun = Callable[..., RunPaths]


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Return a function that writes a run of two epochs."""

    def make(end: float = 0.5, work_dir: str = "W", **settings: Any) -> RunPaths:
        config = {"seed": 0, "lr": 0.1, **settings}
        writer = RunWriter.start(tmp_path / work_dir, config=config, provenance={})
        rows = [{"step": n, "epoch": n, "time": 1e9 + n, VAL: end + 2 - n} for n in (1, 2)]
        writer.append(writer.paths.metrics, rows)
        best = {"step": 2, "epoch": 2, VAL: end}
        monitor = {"metric": VAL, "mode": "min", "value": end}
        results = {"format_version": 1, "best": best, "last": best, "monitor": monitor}
        writer.commit(writer.paths.results, results)
        writer.close("done")
        return writer.paths

    return make


@pytest.fixture
def facts(tmp_path: Path) -> Callable[[], list[Facts]]:
    """Return a function that gives what is recorded of the runs of W, the oldest first."""
    return lambda: [Facts(row) for row in reversed(list_runs(tmp_path / "W"))]


def labels(plots: Any) -> list[str]:
    return [line.label for line in plots[0].lines]


def test_the_best_of_many_lines_are_drawn_and_the_others_counted(
    make_run: MakeRun, facts: Callable[[], list[Facts]]
) -> None:
    for n in range(5):
        make_run(end=(n + 2) % 5, lr=n).metrics.touch()
    (plot,) = plots = plot_runs(facts(), most=2)
    assert labels(plots) == ["3 lr=3", "4 lr=4"]
    assert plot.notes == [f"2 of 5 lines: the best by {VAL}"]
    assert plot.title.endswith("/W") and (plot.name, plot.along) == (VAL, "step")
    assert [*map(len, plots.runs.values())] == [1, 1]


def test_only_runs_that_are_drawn_are_read(
    make_run: MakeRun, facts: Callable[[], list[Facts]]
) -> None:
    make_run(end=1, lr=1)
    make_run(end=2, lr=2).metrics.write_text("broken\n")
    assert labels(plot_runs(facts(), most=1)) == ["0"]  # beside what else would be told


def test_which_way_is_better_says_who_comes_first(
    make_run: MakeRun, facts: Callable[[], list[Facts]]
) -> None:
    for n, paths in enumerate([make_run(lr=1), make_run(lr=2), make_run(lr=3)]):
        rows = [{"step": 1, "speed": float(n), "test/score": float(n)}]
        paths.metrics.write_bytes(b"".join(map(json_bytes, rows)))
        status = paths.results
        results = {"format_version": 1, "best": {}, "last": rows[0], "monitor": None}
        status.write_bytes(json_bytes(results))
    assert labels(plot_runs(facts(), ["score"])) == ["2 lr=3", "1 lr=2", "0 lr=1"]
    assert labels(plot_runs(facts(), ["speed"])) == ["0 lr=1", "1 lr=2", "2 lr=3"]


def test_keys_make_lines_whatever_else_differs(
    make_run: MakeRun, facts: Callable[[], list[Facts]]
) -> None:
    for seed, lr, width in [(0, 0.1, 4), (1, 0.1, 8), (0, 0.2, 4)]:
        make_run(end=lr, seed=seed, lr=lr, width=width)
    assert labels(plot_runs(facts(), by=["lr"])) == ["lr=0.1 (2 runs)", "lr=0.2"]
    assert labels(plot_runs(facts(), by=["lr", "width"])) == [
        "lr=0.1, width=4",
        "lr=0.1, width=8",
        "lr=0.2, width=4",
    ]
    assert labels(plot_runs(facts(), by=["run"])) == [
        "0 seed=0 lr=0.1 width=4",
        "1 seed=1 lr=0.1 width=8",
        "2 seed=0 lr=0.2 width=4",
    ]
    with pytest.raises(UserError, match="is a metric"):
        plot_runs(facts(), by=[VAL])


def test_of_two_runs_that_differ_by_nothing_the_newer_is_drawn(
    make_run: MakeRun, facts: Callable[[], list[Facts]]
) -> None:
    old, new = make_run(), make_run()
    (plot,) = plots = plot_runs(facts())
    assert plots.runs == {"1": [new.path]}
    assert plot.notes == [f"left out: {old.path} ({new.path} counts, which is the same)"]


def test_labels_tell_in_what_those_that_are_drawn_differ(
    make_run: MakeRun, facts: Callable[[], list[Facts]]
) -> None:
    for end, lr, width in [(1, 0.1, 4), (2, 0.2, 4), (3, 0.2, 8)]:
        make_run(end=end, lr=lr, width=width)
    assert labels(plot_runs(facts())) == [
        "0 lr=0.1 width=4",
        "1 lr=0.2 width=4",
        "2 lr=0.2 width=8",
    ]
    assert labels(plot_runs(facts(), most=2)) == ["0 lr=0.1", "1 lr=0.2"]


def test_runs_of_several_work_dirs_have_their_places_in_their_names(
    make_run: MakeRun, tmp_path: Path
) -> None:
    paths = [make_run(work_dir=name).path for name in ("V", "W")]
    facts = [Facts(row) for path in paths for row in list_runs(path.parent)]
    (plot,) = plots = plot_runs(facts, by=["run"])
    assert labels(plots) == ["V/0", "W/0"] and plot.title == "2 work_dirs"


def test_broken_runs_alone_are_told(make_run: MakeRun, facts: Callable[[], list[Facts]]) -> None:
    make_run().status.write_text("{")
    for by in (None, ["run"]):
        with pytest.raises(RunError, match=r"no run here can be drawn .*status\.json is not JSON"):
            plot_runs(facts(), by=by)


def test_labels_are_short_and_differ(make_run: MakeRun, facts: Callable[[], list[Facts]]) -> None:
    for n in (1, 2):
        make_run(end=n, name="a" * 90 + str(n))
        make_run(end=n, name="a" * 90 + str(n), seed=1)
    found = labels(plot_runs(facts()))
    assert len({*found}) == 2 and max(map(len, found)) < 64
    assert all("…" in label and "(2 runs)" in label for label in found)


def test_a_line_without_the_metric_is_told(
    make_run: MakeRun, facts: Callable[[], list[Facts]]
) -> None:
    make_run(lr=1)
    other = make_run(lr=2)
    other.metrics.write_bytes(json_bytes({"step": 1, TRAIN: 1.0}))
    by_val, by_train = plot_runs(facts(), [VAL, TRAIN])
    assert [line.label for line in by_val.lines] == ["0 lr=1"]
    assert by_val.notes == [f"1 lr=2: no {VAL} in {other.path}"]
    assert [line.label for line in by_train.lines] == ["1 lr=2"]


def test_what_is_left_out_of_a_logarithm_is_counted(
    make_run: MakeRun, facts: Callable[[], list[Facts]]
) -> None:
    make_run(end=-1.0)
    (plot,) = plot_runs(facts(), log=True)
    assert plot.notes == ["0: 2 values are left out that are not above 0"]
    (plot,) = plot_runs(facts())
    assert plot.lines[0].best == 1 and plot.notes == []


def test_the_monitored_metric_of_most_runs_is_drawn(
    make_run: MakeRun, facts: Callable[[], list[Facts]]
) -> None:
    def monitor(name: str, lr: float) -> None:
        paths = make_run(lr=lr)
        last = {VAL: 1.0, TRAIN: 1.0}
        record = {"format_version": 1, "best": {}, "last": last}
        record["monitor"] = {"metric": name, "mode": "min"}
        paths.results.write_bytes(json_bytes(record))
        paths.metrics.write_bytes(json_bytes({"step": 1, **last}))

    monitor(VAL, 1)
    monitor(TRAIN, 2)
    monitor(TRAIN, 3)
    assert plot_runs(facts())[0].name == TRAIN


def test_runs_and_lists_of_them_have_plots(make_run: MakeRun, tmp_path: Path) -> None:
    for seed in (0, 1):
        make_run(end=seed, seed=seed)
    (plot,) = plots = Run(tmp_path / "W/0").plot(along="epoch")
    assert (plot.along, labels(plots)) == ("epoch", ["0"])
    picture = f"data:image/svg+xml;base64,{b64encode(plots.svg().encode()).decode()}"
    assert picture in plots._repr_html_() and plots.svg().startswith("<svg")
    runs = open_runs(tmp_path / "W")
    assert labels(runs.plot()) == ["2 runs"]
    assert labels(runs.plot("val_loss", by="seed")) == ["seed=0", "seed=1"]
    assert repr(runs.plot(VAL)) == f"RunPlots({VAL})"
    with pytest.raises(UserError, match="no run here has 'loss2'"):
        runs.plot("loss2")
    with pytest.raises(RunError, match="no metric is recorded here yet"):
        runs.where("seed == 7").plot()


def test_several_plots_are_several_files(make_run: MakeRun, tmp_path: Path) -> None:
    rows: list[Mapping[str, Any]] = [{"step": 1, "a b": 1.0, "a-b": 2.0, "A-b-1": 3.0}]
    paths = make_run()
    paths.metrics.write_bytes(b"".join(map(json_bytes, rows)))
    plots = Run(paths.path).plot("a b", "a-b", "A-b-1")
    assert plots._repr_html_().count("<img") == 3
    with pytest.raises(UserError, match="there are several plots: a b, a-b"):
        plots.svg()
    assert plots[2:].svg()
    files = plots.save(tmp_path / "p.svg")
    assert [file.name for file in files] == ["p-a-b.svg", "p-a-b-1.svg", "p-A-b-1-1.svg"]
    assert all(file.read_text().startswith("<svg") for file in files)
