"""Tags and notes are the user's: of many writers none loses anything, and no record changes."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from stride import Run
from stride.errors import RunError, StrideError
from stride.runs.files import atomic
from stride.runs.json_schemas import schemas
from stride.runs.layout import RunPaths
from stride.runs.listing.facts import Facts
from stride.runs.listing.rows.read import read_row
from stride.runs.records.tags import TagsRecord
from stride.runs.tags.tags_json import NOTE_LENGTH, Tags, change_tags, read_tags, write_note
from stride.runs.verify.run import verify_run
from stride.runs.where.names import Field
from stride.runs.writer import RunWriter

CONFIG = {"work_dir": "w", "seed": 1}


@pytest.fixture
def paths(tmp_path: Path) -> Iterator[RunPaths]:
    """Give a run that is running."""
    writer = RunWriter.start(tmp_path / "w", config=CONFIG, provenance={})
    yield writer.paths
    with suppress(StrideError):  # a test may have taken the folder away
        writer.close("done")


def test_tags_and_note_come_and_go(paths: RunPaths) -> None:
    assert read_tags(paths) == Tags() and not paths.tags_lock.exists()
    assert change_tags(paths, ["+paper", "baseline", "-absent"]).tags == ("baseline", "paper")
    assert write_note(paths, " too high \n").note == "too high"
    assert change_tags(paths, ["-paper"]) == read_tags(paths) == Tags(("baseline",), "too high")
    record = json.loads(paths.tags.read_text())
    assert record == {"format_version": 3, "tags": ["baseline"], "note": "too high"}
    Draft202012Validator(schemas()["tags.schema.json"]).validate(record)
    assert TagsRecord.read(paths.tags).tags == ["baseline"]
    write_note(paths, "")
    change_tags(paths, ["-baseline"])
    assert not paths.tags.exists() and read_tags(paths) == Tags()


def test_what_a_run_says_of_itself_stays_as_it_is(paths: RunPaths) -> None:
    before = {path: path.read_bytes() for path in paths.path.rglob("*") if path.is_file()}
    problems = verify_run(paths.path).problems
    change_tags(paths, ["paper"])
    assert {path: path.read_bytes() for path in before} == before
    new = {path for path in paths.path.rglob("*") if path.is_file()} - before.keys()
    assert new == {paths.tags, paths.tags_lock}
    assert verify_run(paths.path).problems == problems


def test_any_number_of_writers_lose_nothing(paths: RunPaths) -> None:
    def add(writer: int) -> None:
        for n in range(5):
            change_tags(paths, [f"+w{writer}-{n}", f"-w{writer}-{n - 1}"])

    threads = [threading.Thread(target=add, args=(writer,)) for writer in range(8)]
    children = []
    for writer in range(8, 12):
        child = os.fork()
        if not child:
            try:
                add(writer)
            finally:
                os._exit(0)
        children.append(child)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for child in children:
        os.waitpid(child, 0)
    assert read_tags(paths).tags == tuple(sorted(f"w{writer}-4" for writer in range(12)))


@pytest.mark.parametrize(
    "content",
    [
        "{",
        '["a"]',
        '{"format_version": 3, "tags": "paper"}',
        '{"format_version": 3, "tags": ["A B"]}',
        '{"format_version": 3, "note": 3}',
    ],
)
def test_a_broken_file_is_told_never_written_over(paths: RunPaths, content: str) -> None:
    paths.tags.write_text(content)
    with pytest.raises(RunError):
        change_tags(paths, ["paper"])
    assert paths.tags.read_text() == content
    row = read_row(paths.path)
    assert row.broken is None and Facts(row).value(Field("field", "tag")) is None
    assert "tags.json" in [problem.file for problem in verify_run(paths.path).problems]


def test_a_training_that_begins_may_take_the_unfinished_file_away(
    paths: RunPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, taken = os.replace, []

    def lose(source: Path, target: Path) -> None:
        if not taken:
            taken.append(source)
            os.unlink(source)
        replace(source, target)

    monkeypatch.setattr(atomic.os, "replace", lose)
    assert change_tags(paths, ["paper"]).tags == ("paper",)
    assert len(taken) == 1 and read_tags(paths).tags == ("paper",)


def test_a_folder_that_is_gone_is_not_made_anew(paths: RunPaths) -> None:
    os.rename(paths.path, paths.path.with_name("moved"))
    with pytest.raises(StrideError, match="cannot write: No such file"):
        change_tags(paths, ["paper"])
    assert not paths.path.exists()


def test_a_note_has_an_end(paths: RunPaths) -> None:
    with pytest.raises(RunError, match="10,001 characters, more than 10,000"):
        write_note(paths, "x" * (NOTE_LENGTH + 1))


def test_a_run_gives_and_takes_its_tags(paths: RunPaths) -> None:
    run = Run(paths.path)
    assert run.tags == () and run.note == ""
    assert run.tag("paper", "+good") == ("good", "paper")
    assert run.tag("-good") == run.tags == ("paper",)
    run.set_note("the one in table 2")
    assert run.note == "the one in table 2"
    facts = Facts(run.row())
    assert facts.value(Field("field", "tag")) == ["paper"]
    assert facts.value(Field("field", "note")) == "the one in table 2"
