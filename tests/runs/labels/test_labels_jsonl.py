"""Labels are on the disk when they are given, by whomever and however many at once."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from stride.errors import RunError, StrideError
from stride.runs.labels.labels_jsonl import (
    add_labels,
    missing_labels,
    query_text,
    read_labels,
    take_labels,
    withdraw_label,
)
from stride.runs.layout import RunPaths


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    """Give a folder in which the labels of 7, 3 and 5 are wanted."""
    paths = RunPaths(tmp_path)
    paths.queries.write_text(query_text(2, [7, 3, 5], [0.9, 0.8, 0.7]))
    return paths


def lines(paths: RunPaths) -> list[dict[str, object]]:
    return [json.loads(line) for line in paths.labels.read_text().splitlines()]


def fill(paths: RunPaths, number: int, label: str) -> None:
    """Fill in a label as a person does in an editor."""
    rows = paths.queries.read_text().splitlines()
    filled = [row + label if row.split(",")[1] == str(number) else row for row in rows]
    paths.queries.write_text("\n".join(filled))


def test_a_label_is_a_line_that_says_who_gave_it_and_when(paths: RunPaths) -> None:
    before = time.time()
    add_labels(paths, {3: "cat", 7: 0.5}, by="ann")
    first, second = lines(paths)
    assert before <= first.pop("time") <= time.time()  # type: ignore[operator]
    assert first == {"id": 3, "label": "cat", "round": 2, "by": "ann"}
    assert (second["id"], second["label"]) == (7, 0.5)


def test_what_is_missing_is_told_in_the_order_of_asking(paths: RunPaths) -> None:
    assert missing_labels(paths) == [7, 3, 5]
    add_labels(paths, {3: 1}, by="ann")
    fill(paths, 5, "2")
    assert missing_labels(paths) == [7]
    assert read_labels(paths) == {3: 1, 5: 2}


def test_labels_of_earlier_queries_stay(paths: RunPaths) -> None:
    add_labels(paths, {3: 1}, by="ann")
    paths.queries.write_text(query_text(3, [8], [0.5]))
    assert read_labels(paths) == {3: 1}
    assert missing_labels(paths) == [8]


def test_no_query_wants_no_labels(tmp_path: Path) -> None:
    assert missing_labels(RunPaths(tmp_path)) == []
    assert read_labels(RunPaths(tmp_path)) == {}


def test_the_newest_label_counts_and_one_can_be_taken_back(paths: RunPaths) -> None:
    add_labels(paths, {3: 1}, by="ann")
    add_labels(paths, {3: 2}, by="bob")
    assert read_labels(paths) == {3: 2}
    withdraw_label(paths, 3, by="bob")
    assert read_labels(paths) == {} and missing_labels(paths) == [7, 3, 5]
    assert [row["label"] for row in lines(paths)] == [1, 2, None]


def test_cells_are_copied_once_before_the_next_query_takes_their_place(paths: RunPaths) -> None:
    add_labels(paths, {3: 1}, by="ann")
    fill(paths, 7, "cat")
    fill(paths, 3, "1")
    assert take_labels(paths) == take_labels(paths) == {3: 1, 7: "cat"}
    paths.queries.write_text(query_text(3, [8], [0.5]))
    assert read_labels(paths) == {3: 1, 7: "cat"}
    assert [(row["id"], row["by"]) for row in lines(paths)] == [(3, "ann"), (7, "queries.csv")]


def test_nothing_filled_in_writes_nothing(paths: RunPaths) -> None:
    assert take_labels(paths) == {}
    assert not paths.labels.exists()


@pytest.mark.parametrize(("cell", "label"), [("3", 3), ("3.0", 3), ("0,5", 0.5), ("cat", "cat")])
def test_the_same_label_in_both_files_is_one(paths: RunPaths, cell: str, label: object) -> None:
    add_labels(paths, {7: label}, by="ann")  # type: ignore[dict-item]
    fill(paths, 7, f'"{cell}"')
    assert 7 in read_labels(paths)


def test_two_labels_of_one_sample_are_refused_naming_both(paths: RunPaths) -> None:
    add_labels(paths, {7: "dog"}, by="ann")
    fill(paths, 7, "cat")
    said = r"sample 7 is 'cat' in line 2 of queries.csv and 'dog' in labels.jsonl.*clear the cell"
    for read in (read_labels, missing_labels, take_labels):
        with pytest.raises(RunError, match=said):
            read(paths)


def test_a_label_against_a_cell_is_refused_at_once(paths: RunPaths) -> None:
    fill(paths, 7, "cat")
    with pytest.raises(RunError, match="sample 7 is 'cat' in line 2"):
        add_labels(paths, {3: "cat", 7: "dog"}, by="ann")
    assert not paths.labels.exists()


@pytest.mark.parametrize("label", [True, None, [1], {"a": 1}])
def test_what_is_no_label_is_refused(paths: RunPaths, label: object) -> None:
    if label is not None:
        with pytest.raises(RunError, match="is not a label of sample 3"):
            add_labels(paths, {3: label}, by="ann")  # type: ignore[dict-item]
    assert not paths.labels.exists()


def test_a_sample_that_is_not_asked_for_is_refused(paths: RunPaths) -> None:
    with pytest.raises(RunError, match=r"sample 4 is not asked for.*stride label .* --list"):
        add_labels(paths, {3: 1, 4: 1}, by="ann")
    assert not paths.labels.exists()


@pytest.mark.parametrize(
    "row", ['{"id": "3", "label": 1}', '{"label": 1}', '{"id": 3, "label": []}']
)
def test_a_broken_line_is_named(paths: RunPaths, row: str) -> None:
    add_labels(paths, {3: 1}, by="ann")
    with paths.labels.open("a") as file:
        file.write(row + "\n")
    with pytest.raises(RunError, match="line 2 does not hold a label"):
        read_labels(paths)


def test_a_torn_line_loses_no_other(paths: RunPaths) -> None:
    add_labels(paths, {3: 1}, by="ann")
    with paths.labels.open("a") as file:
        file.write('{"id": 7, "la')
    assert read_labels(paths) == {3: 1}
    add_labels(paths, {5: 2}, by="ann")
    assert read_labels(paths) == {3: 1, 5: 2}


def test_a_folder_that_cannot_be_written_is_named(paths: RunPaths) -> None:
    paths.labels.mkdir()
    with pytest.raises(StrideError, match="cannot"):
        add_labels(paths, {3: 1}, by="ann")


GIVE = """
import sys
from pathlib import Path
from stride.runs.labels.labels_jsonl import add_labels
from stride.runs.layout import RunPaths
paths, first = RunPaths(Path(sys.argv[1])), int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
for number in range(first, first + 100):
    add_labels(paths, {number: number % 10}, by=str(first))
    print(number, flush=True)
"""


@pytest.fixture
def giving(popen: Any, paths: RunPaths) -> Any:
    """Return a function that starts somebody who labels 100 samples."""

    def giving(first: int) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", GIVE, str(paths.path), str(first)]
        pipe = subprocess.PIPE
        process: subprocess.Popen[str] = popen(command, stdin=pipe, stdout=pipe, text=True)
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        return process

    return giving


def start(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_several_people_label_at_once(giving: Any, paths: RunPaths) -> None:
    paths.queries.write_text(query_text(1, range(300), [0.0] * 300))
    people = [giving(first) for first in (0, 100, 200)]
    for person in people:
        start(person)
    for person in people:
        person.communicate(timeout=60)
        assert person.returncode == 0
    assert read_labels(paths) == {number: number % 10 for number in range(300)}
    assert len(lines(paths)) == 300


def test_a_label_waits_for_whoever_writes_one(paths: RunPaths) -> None:
    waiting = threading.Thread(target=add_labels, args=(paths, {3: 1}), kwargs={"by": "bob"})
    with FileLock(paths.path / ".labels.jsonl.lock"):
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive() and not paths.labels.exists()
    waiting.join(20)
    assert read_labels(paths) == {3: 1}


def test_a_label_that_was_given_survives_a_kill(giving: Any, paths: RunPaths) -> None:
    paths.queries.write_text(query_text(1, range(100), [0.0] * 100))
    with giving(0) as process:
        start(process)
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(5)]
        os.kill(process.pid, signal.SIGKILL)
        said += process.stdout.readlines()
    given = [int(text) for text in said if text.endswith("\n")]
    assert len(given) < 100
    assert set(given) <= set(read_labels(paths))
    add_labels(paths, {99: 1}, by="ann")  # a lock dies with its process


def test_it_needs_neither_torch_nor_numpy() -> None:
    modules = "sorted({'torch', 'numpy'} & sys.modules.keys())"
    code = f"import sys, stride.runs.labels.labels_jsonl; print({modules})"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_a_hard_linked_copy_stays_as_it_is_and_no_link_is_followed(paths: RunPaths) -> None:
    add_labels(paths, {3: "cat"}, by="ann")
    copy = paths.path / "copy"
    os.link(paths.labels, copy)
    before = copy.read_bytes()
    add_labels(paths, {7: "dog"}, by="ann")
    assert copy.read_bytes() == before
    assert read_labels(paths) == {3: "cat", 7: "dog"}
    lock = paths.labels.with_name(".labels.jsonl.lock")
    lock.unlink(missing_ok=True)
    lock.symlink_to(paths.path.parent / "private")
    with pytest.raises(RunError, match="link out"):
        add_labels(paths, {5: "cow"}, by="ann")
    assert not (paths.path.parent / "private").exists()
