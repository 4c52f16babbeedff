"""What a metric is in each cell: who is the best, which difference is sure, and the mean ranks."""

import pytest

from stride.benchmark.cells import arrange
from stride.benchmark.plain import to_plain
from stride.benchmark.results import Results, default_metrics
from stride.benchmark.tables import SHEET, result_sheet, result_tables

GOOD, BAD, OTHER = (0.90, 0.91, 0.92, 0.93), (0.80, 0.81, 0.83, 0.83), (0.92, 0.89, 0.93, 0.91)


@pytest.fixture
def results(write, tmp_path, select):
    for dataset in ("x", "y"):
        write("good", dataset, *GOOD)
        write("bad", dataset, *BAD)
        write("other", dataset, *OTHER)
    write("good", "z", 0.5)
    write("bad", "z", None)

    def of(metric="test/roc_auc", mode=None):
        runs = select(tmp_path / "W")
        return Results.of(arrange(runs.facts), runs.field(metric), mode)

    return of


def test_the_best_of_a_data_set_and_what_is_surely_not(results):
    found = results()
    assert [row.standing for row in found.column("x")] == ["best", "behind", "unclear"]
    assert found.mode == "max"


def test_ranks_are_over_the_data_sets_that_every_model_has(results):
    found = results()
    assert found.ranked_over == ["x", "y"]
    assert found.missing("z") == ["bad", "other"]
    assert found.mean_ranks == {"good": 1, "bad": 3, "other": 2}
    assert found.ranks("z") == {"good": 1}


def test_equal_means_share_a_rank(write, tmp_path, select):
    for model in ("a", "b"):
        write(model, "x", 0.5)
    write("c", "x", 0.4)
    runs = select(tmp_path / "W")
    found = Results.of(arrange(runs.facts), runs.field("test/roc_auc"))
    assert found.mean_ranks == {"a": 1.5, "b": 1.5, "c": 3}


def test_without_a_mode_nothing_is_ranked(write, tmp_path, select):
    for model in ("a", "b"):
        write(model, "x", 0.5, results={"test": {"test/what": 0.5}})
    runs = select(tmp_path / "W")
    found = Results.of(arrange(runs.facts), runs.field("test/what"))
    assert (found.mode, found.mean_ranks, found.ranked_over) == (None, {}, [])


def test_tables_have_a_line_for_each_model_and_say_what_is_missing(results):
    means, middles = result_tables(results())
    assert means.titles == ["model", "x", "y", "z", "mean rank"]
    assert means.cells() == [
        ["good", *["0.915 ± 0.013 (4) best"] * 2, "0.5 (1)", "1.00"],
        ["bad", *["0.818 ± 0.015 (4) behind"] * 2, "-", "3.00"],
        ["other", *["0.913 ± 0.017 (4)"] * 2, "-", "2.00"],
    ]
    assert middles.cells()[1][:2] == ["bad", "0.820 [0.800, 0.830]"]
    assert means.above == ["test/roc_auc: mean ± deviation (seeds); larger is better"]


def test_a_spreadsheet_has_a_line_for_each_cell(results):
    lines = [dict(zip(SHEET, line, strict=True)) for line in result_sheet([results()])]
    assert len(lines) == 9
    assert [line["n"] for line in lines] == [4] * 6 + [1, 0, 0]
    assert [line["rank"] for line in lines[:3]] == [1, 3, 2] and lines[8]["rank"] is None
    assert lines[1]["difference_high"] < 0


def test_plain_values_name_every_run(write, results, tmp_path, select):
    cells = arrange(select(tmp_path / "W").facts)
    found = to_plain(cells, [results()])["metrics"][0]
    good = found["cells"][0]
    assert (good["model"], good["dataset"], good["rank"], good["n"]) == ("good", "x", 1, 4)
    assert good["runs"][1]["value"] == 0.91
    failed = found["cells"][7]
    assert (failed["n"], failed["left_out"][0]["why"]) == (0, "failed")


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ([{"test/vus_pr", "test/roc_auc", "test/l1"}], ["test/vus_pr"]),
        ([{"test/vus_pr", "test/roc_auc"}, {"test/roc_auc"}], ["test/roc_auc"]),
        ([{"test/vus_pr"}, {"test/roc_auc"}], ["test/roc_auc"]),
        ([{"test/roc_auc", "test/l1"}, {"test/l1"}], ["test/roc_auc", "test/l1"]),
        ([{"test/roc_auc", "test/l1"}, set()], ["test/roc_auc"]),
        ([{"test/l1"}], ["test/l1"]),
        ([{"test/accuracy"}, set()], []),
        ([], []),
    ],
)
def test_what_is_shown_is_what_there_is(known, expected):
    assert default_metrics(known) == expected
