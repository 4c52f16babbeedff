"""A report has the numbers of the run folders, and whatever is wrong with a run hides no other."""

import re
import statistics

import pytest

from stride import open_runs
from stride.errors import UserError
from stride.report.page import write_report

HOSTILE = ["<script>alert(1)</script>", "</title><i>", "\x1b[31mred", "\u202edrawkcab", "a" * 300]


@pytest.fixture
def report(tmp_path):
    """Return a function that reports the runs of work_dirs and gives the page's text."""

    def write(*work_dirs, **options):
        runs = open_runs(*(tmp_path / name for name in work_dirs or ("w",)))
        path = write_report(runs, tmp_path / "page.html", **options)
        assert path == tmp_path / "page.html"
        return path.read_text("utf-8")

    return write


def test_settings_are_grouped_over_seeds(make_run, report, tables):
    for lr, losses in ((0.001, (0.5, 0.75, 1.0)), (0.01, (0.25, 0.3125, 0.28125))):
        for seed, loss in enumerate(losses):
            make_run(lr=lr, seed=seed, loss=loss)
    found = tables(report())
    head, best, other = found["validation/epoch_loss"]
    assert [best[0], best[1], best[2]] == ["lr=0.01", "best", "3"]
    assert float(best[head.index("mean")]) == pytest.approx(0.28125, abs=5e-4)
    assert float(other[head.index("mean")]) == 0.75
    low, high = map(float, re.findall(r"[\d.]+", other[head.index("mean, 95 %")]))
    half = 4.302653 * statistics.stdev([0.5, 0.75, 1.0]) / 3**0.5
    assert (low, high) == pytest.approx((0.75 - half, 0.75 + half), abs=0.01)
    assert found["test/loss"][1][0] == "lr=0.01" and found["test/accuracy"][1][0] == "lr=0.01"


def test_every_run_has_a_row_with_its_exact_numbers(make_run, report, tables):
    losses = [0.1 + 0.2, 1e-17, 123456.789]
    for seed, loss in enumerate(losses):
        make_run(seed=seed, loss=loss)
    head, *rows = tables(report())["all runs"]
    assert [row[0] for row in rows] == ["2", "1", "0"]
    place = head.index("best validation/epoch_loss")
    assert [float(row[place]) for row in rows] == losses[::-1]
    assert [row[head.index("seed")] for row in rows] == ["2", "1", "0"]
    assert [float(row[head.index("test/loss")]) for row in rows] == [
        2 * one for one in losses[::-1]
    ]


def test_metrics_may_be_chosen(make_run, report, tables):
    make_run()
    found = tables(report(metrics=["train_loss"]))
    assert "train/epoch_loss" in found and "validation/epoch_loss" not in found
    with pytest.raises(UserError, match="no run here has 'los'"):
        report(metrics=["los"])


def test_broken_and_empty_folders_hide_no_other(make_run, report, tables, tmp_path):
    make_run(loss=0.5)
    for paths in (make_run(seed=1), make_run(seed=2)):
        paths.config.write_text("{")
    make_run(seed=3).status.write_text("[1]")
    (tmp_path / "w" / "4" / "segments").mkdir(parents=True)
    record = '{"format_version": 3, "git": [], "versions": 1, "data_fingerprint": ""}'
    make_run(seed=5).provenance.write_text(record)
    found = tables(report())
    assert len(found["all runs"]) == 7
    assert found["validation/epoch_loss"][1][1] == "2"
    assert {"1", "2", "3"} <= {row[0] for row in found["runs that do not count"]}
    assert {"1", "2", "3"} <= {row[0] for row in found["problems"]}


def test_a_broken_stream_is_told_and_tables_remain(make_run, report, tables):
    make_run().metrics.write_text("{\n{}\n")
    text = report()
    assert "line 1" in re.findall(r'<p class="warning".*?</p>', text)[0]
    assert tables(text)["all runs"][1][1] == "done"


def test_curves_have_the_values_of_the_stream(make_run, report):
    make_run(loss=0.5)
    drawn = re.findall(r"<desc>(.*?)</desc>", report(metrics=["val_loss"]))
    assert "4.5 at step 10, 0.5 at step 50" in drawn[0]
    assert "0.5 at step 10, 0.1 at step 50" in drawn[1]  # of the training split


def test_a_work_dir_without_a_finished_run(make_run, report, tables):
    make_run(loss=None, state="failed", reason="no data")
    text = report()
    assert "No run here has come to its end" in text and "1 run: 1 failed" in text
    assert tables(text)["all runs"][1][1] == "failed"
    assert "stride resume" in text


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_stay_text(make_run, report, name):
    paths = make_run(
        reason=name, command=[name], hostname=name, git={"commit": name, "branch": name}
    )
    make_run(seed=1, state="failed", reason=name, versions={"torch": name})
    paths.results.write_text(paths.results.read_text().replace("test/loss", f"test/{name[:50]}"))
    text = report()
    assert len(name) > 100 or name not in text
    assert text.count("<script>") == 1 and text.count("</title>") == text.count("<title>")
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", text)


def test_names_of_folders_and_sweeps_stay_text_too(make_run, report, tables):
    name = "<img src=x onerror=alert(1)>"
    for seed in (0, 1):
        sweep = {"name": name, "uuid": "0" * 32, "study": name, "trial": seed, "titles": {}}
        make_run(seed=seed, work_dir=name, sweep=sweep)
    text = report(name)
    assert "<img" not in text and text.count("&lt;img src=x") > 5


def test_runs_of_several_work_dirs_are_called_by_their_paths(make_run, report, tables, tmp_path):
    for work_dir in ("w", "v"):
        make_run(work_dir=work_dir)
    found = tables(report("w", "v"))
    paths = {str(tmp_path / "w" / "0"), str(tmp_path / "v" / "0")}
    assert {row[0] for row in found["all runs"][1:]} == paths


def test_settings_are_drawn_with_a_point_for_each_run(make_run, report):
    for lr, losses in ((0.001, (0.5, 1.0)), (0.01, (0.0, 0.25))):
        for seed, loss in enumerate(losses):
            make_run(lr=lr, seed=seed, loss=loss)
    drawn = re.findall(r'<figure class="intervals".*?</figure>', report(metrics=["val_loss"]), re.S)
    places = [float(one) for one in re.findall(r'class="value" cx="([\d.]+)%"', drawn[0])]
    means = [float(one) for one in re.findall(r'class="mean" x1="([\d.]+)%"', drawn[0])]
    scale = [(loss + 0.25) / 1.5 * 100 for loss in (0.0, 0.25, 0.5, 1.0)]
    assert places == pytest.approx(scale, abs=0.01)
    assert means == pytest.approx(
        [statistics.mean(scale[:2]), statistics.mean(scale[2:])], abs=0.01
    )


def test_without_runs_nothing_is_written(tmp_path):
    (tmp_path / "w" / ".stride").mkdir(parents=True)
    with pytest.raises(UserError, match="no runs to report"):
        write_report(open_runs(tmp_path / "w"), tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize(
    ("name", "why"),
    [("", "it is a folder"), ("w/0/config.json", "a report is a page"), ("a/b.html", "no folder")],
)
def test_a_path_that_cannot_be_a_page_is_refused(make_run, tmp_path, name, why):
    make_run()
    with pytest.raises(UserError, match=why):
        write_report(open_runs(tmp_path / "w"), tmp_path / name)


def test_it_says_how_to_have_the_runs_again(make_run, report):
    make_run(git={"commit": "c" * 40, "dirty": False})
    changed = make_run(seed=1, git={"commit": "c" * 40, "dirty": True})
    stopped = make_run(seed=2, state="interrupted")
    text = report()
    assert f"git checkout {'c' * 40}\nstride reproduce " in text
    assert f"stride reproduce {changed.path} --code" in text
    assert "with uncommitted changes" in text and f"stride resume {stopped.path}" in text


def test_runs_of_other_tools_are_not_to_be_reproduced(make_run, report):
    paths = make_run()
    record = '{"format_version": 3, "imported": {"tool": "tensorboard", "name": "a"}}'
    paths.provenance.write_text(record)
    assert "stride reproduce" not in report()


def test_what_a_reproduction_has_shown_is_told(make_run, report, tables):
    paths = make_run()
    record = '{"format_version": 3, "original": "w/0", "uuid": "0", "identical": true, "steps": 50'
    paths.reproduction.write_text(record + ', "weights": "identical"}')
    row = tables(report())["reproductions"][1]
    assert row == ["0", "w/0", "bit-identical over 50 steps, weights identical"]
