"""Runs are put into cells by what they are: model and settings down, data sets across."""

import json

import pytest

from stride.benchmark.cells import arrange


@pytest.fixture
def cells(tmp_path, select):
    return lambda: arrange(select(tmp_path / "W").facts)


def change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def counts(cells):
    return {
        name: {one.name: len(one.runs) for one in study.configurations}
        for name, study in cells.datasets.items()
    }


def test_a_cell_has_a_run_for_each_seed_and_every_cell_is_there(write, cells):
    write("A", "x", 0.5, 0.6)
    write("B", "x", 0.5)
    write("A", "y", 0.7)
    assert counts(cells()) == {"x": {"A": 2, "B": 1}, "y": {"A": 1, "B": 0}}
    assert cells().models == ["A", "B"]


def test_one_model_of_two_settings_is_two_rows_called_by_what_was_given(write, cells):
    write("A", "x", 0.5)
    write("A", "x", 0.6, config={"model_kwargs.hidden": [4, 2], "optimizer_kwargs.lr": 0.5})
    write("B", "x", 0.6, config={"optimizer_kwargs.lr": 0.5})
    assert cells().models == ["A", "A hidden=[4, 2] lr=0.5", "B"]


def test_what_follows_from_the_data_makes_no_row_of_its_own(write, cells):
    for dataset, size in (("x", 8), ("y", 16)):
        write("A", dataset, 0.5, config={"model_kwargs.input_shape": [1, size]}, given=())
    assert counts(cells()) == {"x": {"A": 1}, "y": {"A": 1}}


def test_a_cell_that_failed_at_its_start_is_of_the_row_that_was_given_the_same(write, cells):
    rate, part = {"optimizer_kwargs.lr": 0.5}, {"model_kwargs": {"model_name": "A"}}
    write("A", "x", 0.5)
    write("A", "x", 0.5, config=rate)
    write("A", "y", None, config=part | {"optimizer_kwargs": {}}, given=(), devices=[])
    write("A", "y", None, config=part | {"optimizer_kwargs": {"lr": 0.5}}, given=rate, devices=[])
    write("C", "x", None, config={"model_kwargs": {"model_name": "C"}}, given=(), devices=[])
    each = {"A": 1, "A lr=0.5": 1}
    assert counts(cells()) == {"x": each | {"C": 1}, "y": each | {"C": 0}}


def test_and_does_where_nothing_tells_that_it_was_not_given(write, cells, tmp_path):
    for dataset, size in (("x", 8), ("y", 16)):
        write("A", dataset, 0.5, config={"model_kwargs.hidden": [size]}, given=())
    for path in (tmp_path / "W").glob("*/provenance.json"):
        change(path, origins={})
    assert len(cells().models) == 2


@pytest.mark.parametrize(
    ("folders", "titles"),
    [
        (("a/one.csv", "a/two.csv"), ["csv path=one.csv", "csv path=two.csv"]),
        (("a/one.csv", "b/one.csv"), ["csv path=a/one.csv", "csv path=b/one.csv"]),
    ],
)
def test_files_are_called_by_what_tells_them_apart(write, cells, folders, titles):
    for path in folders:
        write("A", "csv", 0.5, config={"dataset_kwargs.path": path})
    assert [*cells().datasets] == titles


def test_other_data_under_one_name_are_another_data_set(write, cells, tmp_path):
    write("A", "x", 0.5)
    write("A", "x", 0.6)
    change(tmp_path / "W/1/provenance.json", data_fingerprint="f00d" * 8)
    assert [*cells().datasets] == ["x data=data of", "x data=f00df00d"]


def test_rows_and_columns_have_the_order_of_the_trials(write, cells, tmp_path):
    for number, (model, dataset) in enumerate([("B", "y"), ("A", "y"), ("A", "x"), ("B", "x")]):
        write(model, dataset, 0.5)
        change(tmp_path / f"W/{number}/status.json", sweep="benchmark", trial=3 - number)
    assert cells().models == ["B", "A"] and [*cells().datasets] == ["x", "y"]


def test_titles_that_were_given_are_used_and_never_twice(write, cells, tmp_path):
    write("A", "x", 0.5)
    write("B", "x", 0.6)
    for number, title in enumerate(["best", "best"]):
        titles = {"model": title, "dataset": "sea"}
        change(tmp_path / f"W/{number}/provenance.json", sweep={"titles": titles})
        change(tmp_path / f"W/{number}/status.json", sweep="benchmark", trial=number)
    assert cells().models == ["best", "best (2)"] and [*cells().datasets] == ["sea"]
