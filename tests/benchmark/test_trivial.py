"""Scores that learn nothing are rows below the models: of the data set, without a rank."""

import json
from typing import NamedTuple

import pytest

from stride.benchmark.cells import arrange
from stride.benchmark.plain import to_plain
from stride.benchmark.results import Results
from stride.benchmark.tables import SHEET, result_sheet, result_tables
from stride.runs.records.reconstruction import (
    DetectionRecord,
    LeakChecks,
    ReconstructionRecord,
    SplitReconstruction,
)

POINTS, SNIPPETS = "pooled points", "snippets"


class Reached(NamedTuple):
    """What scores reach in one run, in one measure."""

    random: float
    magnitude: float


def detection(of, measure, reached):
    rows = {"score": 0.9, "random": reached.random, "mean |x|": reached.magnitude}
    values = {name: {measure: value} for name, value in rows.items()}
    return DetectionRecord(of=of, sets=1, values=values, scores=[])


def record(**splits):
    made = {
        key: SplitReconstruction(samples=2, labelled=True, errors={}, detection=some)
        for key, some in splits.items()
    }
    start = {"epoch": 1, "history": "off", "score": "l1", "point_score": "point", "milestones": []}
    return ReconstructionRecord(**start, splits=made, checks=LeakChecks(output="varied"))


@pytest.fixture
def put(tmp_path):
    """Return a function that gives runs what their scores reach, one after the other."""

    def each(*reached, measure="roc_auc"):
        for number, one in enumerate(reached):
            made = record(test=[detection(POINTS, measure, one)]).to_json()
            (tmp_path / f"W/{number}/reconstruction.json").write_text(json.dumps(made))

    return each


@pytest.fixture
def found(tmp_path, select):
    def by(metric="test/roc_auc"):
        runs = select(tmp_path / "W")
        return Results.of(arrange(runs.facts), runs.field(metric))

    return by


def test_they_stand_below_the_models_and_are_never_ranked(write, put, found):
    write("good", "x", 0.7, 0.8)
    write("bad", "x", 0.2, 0.3)
    write("good", "y", 0.7)
    put(Reached(0.4, 0.95), Reached(0.6, 0.95), Reached(0.4, 0.95))
    results = found()
    means, middles = result_tables(results)
    assert means.cells() == [
        ["good", "0.750 ± 0.071 (2) best", "0.7 (1)", "1.00"],
        ["bad", "0.250 ± 0.071 (2) behind", "-", "2.00"],
        ["random", "0.500", "-", "-"],
        ["mean |x|", "0.950", "-", "-"],
    ]
    assert middles.cells()[2:] == means.cells()[2:]
    told = "random and mean |x| learn nothing: their mean over the seeds, without a rank"
    assert [table.above[1:] for table in (means, middles)] == [[told]] * 2
    assert results.mean_ranks == {"good": 1, "bad": 2}


def test_each_seed_counts_once_however_many_models_have_it(write, put, found):
    write("a", "x", 0.7, 0.8)
    write("b", "x", 0.6)
    put(Reached(0.4, 0.5), Reached(0.6, 0.5), Reached(0.4, 0.5))
    assert found().trivial == {"x": {"random": [0.4, 0.6], "mean |x|": [0.5, 0.5]}}


def test_a_run_without_a_record_leaves_it_to_another_of_its_seed(write, put, found, tmp_path):
    write("a", "x", 0.7)
    write("b", "x", 0.6)
    put(Reached(0.4, 0.5), Reached(0.4, 0.5))
    (tmp_path / "W/0/reconstruction.json").write_text("{")
    assert found().trivial["x"]["random"] == [0.4]
    (tmp_path / "W/1/reconstruction.json").unlink()
    assert found().trivial == {"x": {}}


def test_other_metrics_and_what_is_not_defined_have_none(write, put, found):
    write("a", "x", 0.7, results={"test": {"test/roc_auc": 0.7, "test/l1": 0.1}})
    put(Reached(0.4, float("nan")))
    assert found().trivial_names == ["random"]
    assert found("test/l1").trivial == {"x": {}}
    (means, _) = result_tables(found("test/l1"))
    assert len(means.rows) == len(means.above) == 1


def test_runs_that_do_not_count_say_nothing(write, put, found):
    write("a", "x", 0.7, None)
    put(Reached(0.4, 0.5), Reached(0.8, 0.9))
    assert found().trivial["x"]["random"] == [0.4]


def test_a_spreadsheet_and_plain_values_tell_them_from_models(write, put, found, tmp_path, select):
    write("random", "x", 0.7, 0.8)
    put(Reached(0.4, 0.5), Reached(0.6, 0.5))
    lines = [dict(zip(SHEET, line, strict=True)) for line in result_sheet([found()])]
    told = [(one["model"], one["standing"], one["n"], one["rank"]) for one in lines]
    assert told == [
        ("random", "best", 2, 1),
        ("random", "trivial", 2, None),
        ("mean |x|", "trivial", 2, None),
    ]
    assert [one["mean"] for one in lines[1:]] == [0.5, 0.5]
    plain = to_plain(arrange(select(tmp_path / "W").facts), [found()])["metrics"][0]
    assert [one["model"] for one in plain["cells"]] == ["random"]
    assert plain["trivial"][0] == {"score": "random", "dataset": "x", "n": 2, "mean": 0.5}


def test_a_record_calls_them_as_metrics_are_called():
    one = Reached(0.4, 0.5)
    made = record(
        val=[detection(POINTS, "pr_auc", one)],
        test=[detection(SNIPPETS, "f1", one), detection(POINTS, "f1", one)],
    )
    found = made.trivial_scores()
    assert [*found] == ["random", "mean |x|"]
    assert found["random"] == dict.fromkeys(
        ["validation/pr_auc", "test/snippet_f1", "test/f1"], 0.4
    )
