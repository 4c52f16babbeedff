"""What is wrong with a query or with labels is found, and told by its file."""

import shutil
from pathlib import Path

import pytest

from stride.runs.labels.labels_jsonl import add_labels, query_text
from stride.runs.layout import RunPaths
from stride.runs.verify.run import verify_run

COMPLETE = Path(__file__).parents[1] / "format_1" / "0"


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    """Give a whole run that asks for two labels and has one."""
    shutil.copytree(COMPLETE, tmp_path / "w" / "0")
    paths = RunPaths(tmp_path / "w" / "0")
    paths.queries.write_text(query_text(1, [3, 7], [0.5, 0.25]))
    add_labels(paths, {3: "cat"}, by="ann")
    return paths


def problems(paths: RunPaths) -> list[tuple[str, str]]:
    return [tuple(problem) for problem in verify_run(paths.path).problems]


def test_a_whole_run_has_no_problem(paths: RunPaths) -> None:
    assert verify_run(paths.path).ok and verify_run(paths.path).notes == []


def test_a_query_that_cannot_be_read(paths: RunPaths) -> None:
    with paths.queries.open("a") as file:
        file.write("1,3,0.5,\n")
    [(file_name, what)] = problems(paths)
    assert file_name == "queries.csv" and "sample 3 is there twice" in what


def test_a_query_that_is_missing(paths: RunPaths) -> None:
    paths.queries.unlink()
    assert problems(paths) == [
        ("queries.csv", "it is missing, and there are labels; restore it from a copy of the run")
    ]


@pytest.mark.parametrize("row", ["no JSON", '{"id": 7}x', '{"id": "7", "label": 1}'])
def test_a_line_that_is_no_label(paths: RunPaths, row: str) -> None:
    with paths.labels.open("a") as file:
        file.write(row + "\n")
    [(file_name, what)] = problems(paths)
    assert file_name == "labels.jsonl" and "line 2" in what


def test_labels_that_contradict_each_other(paths: RunPaths) -> None:
    paths.queries.write_text(paths.queries.read_text().replace("3,0.5,", "3,0.5,dog"))
    [(_, what)] = problems(paths)
    assert "sample 3 is 'dog' in line 2 of queries.csv and 'cat' in labels.jsonl" in what


def test_a_torn_line_is_worth_a_word(paths: RunPaths) -> None:
    with paths.labels.open("a") as file:
        file.write('{"id": 7, "la')
    report = verify_run(paths.path)
    assert report.ok
    assert report.notes == ["labels.jsonl: its last line is torn; the next label cuts it off"]
