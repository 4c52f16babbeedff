import pytest

from stride_cli.reading.curves import csv_columns, explain, table


def group(name, area, deviation, runs=2, **further):
    labels = further.pop("labelled", [10, 20, 30, 40, 50, 60])
    return {
        "name": name,
        "strategy": name,
        "runs": [str(number) for number in range(runs)],
        "labelled": labels,
        "mean": [area + place / 100 for place in range(len(labels))],
        "deviation": [deviation] * len(labels),
        "area": area,
        "area_deviation": deviation,
        **further,
    }


def told(*groups, **further):
    return {"metric": "test/accuracy", "groups": list(groups), **further}


def column(found, title):
    header, rows = found
    return [row[header.index(title)] for row in rows]


def test_a_row_for_each_group_with_the_metric_at_some_labels():
    header, rows = table(told(group("A", 0.61234, 0.0123), group("B", 0.5, 0.001)))
    assert header == [
        "strategy",
        "runs",
        "10 labels",
        "30 labels",
        "40 labels",
        "60 labels",
        "area",
    ]
    assert rows[0][:3] == ["A", "2", "0.612 ± 0.012"] and rows[0][-1] == "0.612 ± 0.012"
    assert rows[1][-1] == "0.500 ± 0.001"


@pytest.mark.parametrize(
    ("deviation", "cell"),
    [(12.3, "61 ± 12"), (0.5, "61.23 ± 0.50"), (1e-9, "61.234000 ± 0.000000"), (0.0, "61.23 ± 0")],
)
def test_as_many_places_as_the_deviation_is_worth(deviation, cell):
    assert column(table(told(group("A", 61.234, deviation))), "area") == [cell]


def test_one_run_has_no_deviation():
    found = table(told(group("A", 0.61234, 0.0, runs=1)))
    assert column(found, "area") == ["0.6123"] and column(found, "10 labels") == ["0.6123"]


def test_what_is_no_number_has_no_cell():
    found = table(told(group("A", float("nan"), float("nan")), group("B", 0.5, 0.1)))
    assert column(found, "area") == ["-", "0.50 ± 0.10"]


def test_groups_without_common_labels_are_shown_where_they_are():
    found = table(
        told(group("A", 0.5, 0.1, labelled=[10, 30]), group("B", 0.5, 0.1, labelled=[20]))
    )
    assert [column(found, f"{labels} labels")[0] for labels in (10, 20, 30)] == [
        "0.50 ± 0.10",
        "-",
        "0.51 ± 0.10",
    ]


def test_labels_that_all_groups_have_are_shown_before_others():
    some = told(group("A", 0.5, 0.1, labelled=[10, 20]), group("B", 0.5, 0.1, labelled=[20, 30]))
    assert [title for title in table(some)[0] if "labels" in title] == ["20 labels"]


def test_differences_have_a_sign_an_error_and_a_verdict():
    better = {"difference": 0.1, "difference_error": 0.02, "verdict": "better"}
    some = told(
        group("A", 0.6, 0.01, **better),
        group("B", 0.5, 0.01, difference=-0.1, verdict="unclear"),
        group("UniformSampling", 0.5, 0.01),
        baseline="UniformSampling",
    )
    assert column(table(some), "vs UniformSampling") == ["+0.100 ± 0.020", "-0.100", "-"]
    assert column(table(some), "verdict") == ["better", "unclear", "-"]
    words = list(explain(some))
    assert "standard error" in words[1] and len(words) == 2
    assert len(list(explain(told(group("A", 0.5, 0.1))))) == 1


def test_different_spans_are_told():
    some = told(group("A", 0.5, 0.1), group("B", 0.5, 0.1, labelled=[10, 20]))
    assert list(explain(some))[-1] == "the areas are over different numbers of labels"


@pytest.mark.parametrize(
    ("needed", "cell"),
    [([20, 40], "30 ± 14"), ([20, None], "1 of 2 runs"), ([None, None], "-"), ([20], "20")],
)
def test_labels_to_a_target(needed, cell):
    some = told(group("A", 0.5, 0.1, labels_needed=needed), target=0.9)
    assert column(table(some), "labels to 0.9") == [cell]


def test_a_sheet_has_every_number():
    header, rows = csv_columns(
        told(
            group("A", 0.5, 0.1, labelled=[10, 20], labels_needed=[20, None]),
            group("B", 0.4, 0.1, runs=1, labelled=[10]),
            target=0.9,
        )
    )
    assert header[-4:] == ["10", "10_deviation", "20", "20_deviation"]
    assert rows[0] == ["A", "A", 2, 0.5, 0.1, None, None, None, "20 -", 0.5, 0.1, 0.51, 0.1]
    assert rows[1][-4:] == [0.4, None, None, None]
