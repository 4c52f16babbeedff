"""`stride label`: take the labels that a run waits for, and go on with it."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stride.runs.labels.labels_jsonl import query_text, read_labels
from stride.runs.layout import RunPaths
from stride.runs.writer import RunWriter
from tests.stride_cli.programs.test_answer_schemas import check
from tests.trainers.active.waiting import pets, waiting


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    """Leave a run W/0 that asks for the animals 7, 3 and 5."""
    return waiting(tmp_path / "W", pets(tmp_path))


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that sets what another program writes to the command."""
    return lambda text: monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_labels_are_read_from_lines(stride, paths: RunPaths, stdin) -> None:
    stdin("7 dog\n\n 3 0 \n")
    code, out, err = stride("label", "W/0", "--by", "ann")
    assert (code, out) == (0, "")
    assert err == "2 of 3 labels are given and kept\nto resume, type: stride label W/0\n"
    assert read_labels(paths) == {7: "dog", 3: "cat"}
    assert {json.loads(line)["by"] for line in paths.labels.read_text().splitlines()} == {"ann"}


def test_the_user_labels_where_nobody_is_named(stride, paths, stdin, monkeypatch) -> None:
    monkeypatch.setenv("LOGNAME", "bob")
    stdin("7 dog")
    stride("label", "W/0")
    assert json.loads(paths.labels.read_text())["by"] == "bob"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("3 bird", "the label 'bird' is not a class (line 2 of stdin)"),
        ("3", "line 2 is not `id label`: '3'"),
        ("x dog", "line 2 is not `id label`: 'x dog'"),
        ("8 dog", "the label of sample 8 is not asked for (line 2 of stdin)"),
    ],
)
def test_a_wrong_line_is_named_and_what_came_before_is_kept(
    stride, paths: RunPaths, stdin, line: str, said: str
) -> None:
    stdin(f"7 dog\n{line}\n5 cat\n")
    code, _, err = stride("label", "W/0")
    assert code == 2
    assert f"stride: error: {said}" in err and "1 of 3 labels are given" in err
    assert read_labels(paths) == {7: "dog"}


def test_with_all_labels_the_run_goes_on(stride, stdin, tmp_path) -> None:
    small = ["work_dir=W", "dataset_kwargs.subsample_rate=0.2", "training_config.max_steps=3"]
    assert stride(*[word for text in small for word in ("--config", text)]).code == 0
    writer = RunWriter.resume(tmp_path / "W/0")
    writer.commit(writer.paths.queries, query_text(1, [4, 2], [0.5, 0.25]))
    writer.close("waiting", "2 labels wanted")

    stdin("4 1\n")
    assert stride("label", "W/0").out == ""
    stdin("2 9\n")
    code, out, err = stride("label", "W/0", "--no-resume")
    assert (code, out, err) == (0, "", "all 2 labels are given\n")
    assert json.loads(writer.paths.status.read_text())["state"] == "waiting"

    stdin("")
    code, out, err = stride("label", "W/0")
    assert (code, out) == (0, f"{tmp_path}/W/0\n")
    assert "all 2 labels are given" in err and "resuming from step 3" in err
    assert json.loads(writer.paths.status.read_text())["state"] == "done"
    assert read_labels(writer.paths) == {4: 1, 2: 9}


def test_an_active_run_asks_until_it_is_done(stride, stdin, tmp_path) -> None:
    active = ["oracle=person", "num_rounds=2", "num_queries=2", "strategy=MarginSampling"]
    rest = ["training_config.max_epochs=1", "dataset_kwargs.subsample_rate=0.1", "trainer=active"]
    given = ["work_dir=W", "model_kwargs.model_name=MLP", *rest]
    given += [f"active_config.{text}" for text in active]
    assert stride(*[word for text in given for word in ("--config", text)]).code == 0
    errors = []
    for _ in range(2):
        missing = json.loads(stride("label", "W/0", "--list", "--json").out)["missing"]
        stdin("".join(f"{sample} {sample % 10}\n" for sample in missing))
        code, out, err = stride("label", "W/0")
        assert (code, out) == (0, f"{tmp_path}/W/0\n")
        errors.append(err)
    asks = (
        f"waiting: 2 labels are wanted of a person; to go on, type: stride label {tmp_path}/W/0\n"
    )
    assert asks in errors[0] and "waiting" not in errors[1]
    assert json.loads((tmp_path / "W/0/status.json").read_text())["state"] == "done"
    assert len(read_labels(RunPaths(tmp_path / "W/0"))) == 4
    assert stride("verify", "W/0").code == 0


def test_a_file_that_was_filled_in_is_enough(stride, paths: RunPaths, stdin) -> None:
    filled = paths.queries.read_text().replace("\n", "dog\n").replace("labeldog", "label")
    paths.queries.write_text(filled)
    stdin("")
    code, _, err = stride("label", "W/0", "--no-resume")
    assert (code, err) == (0, "all 3 labels are given\n")


def test_the_list_tells_what_is_missing(stride, paths: RunPaths, stdin) -> None:
    stdin("3 dog")
    stride("label", "W/0")
    code, out, err = stride("label", "W/0", "--list")
    assert (code, err) == (0, "2 of 3 labels are missing\n")
    assert [line.split() for line in out.splitlines()] == [
        ["id", "score", "label"], ["7", "1", "-"], ["3", "0.5", "dog"], ["5", "0.3333", "-"]
    ]  # fmt: skip
    listed = check("label", stride("label", "W/0", "--list", "--json").out)
    assert listed["round"] == 2 and listed["missing"] == [7, 5]
    assert listed["asked"][1] == {"id": 3, "score": 0.5, "label": "dog"}


def test_the_list_of_a_run_that_goes_on_can_be_read(stride, paths: RunPaths, stdin) -> None:
    writer = RunWriter.resume(paths.path)
    try:
        assert stride("label", "W/0", "--list").code == 0
        stdin("7 dog")
        code, _, err = stride("label", "W/0")
        assert code == 2 and "a process is writing this run" in err
    finally:
        writer.close("waiting")


def test_the_list_needs_no_torch(paths: RunPaths) -> None:
    import subprocess

    code = (
        "import sys; from stride_cli.app import app; "
        f"app(['label', {str(paths.path)!r}, '--list'], standalone_mode=False); "
        "print(sorted({'torch', 'numpy'} & sys.modules.keys()), file=sys.stderr)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stderr.splitlines()[-1] == "[]"


def test_the_data_may_lie_elsewhere(stride, paths: RunPaths, stdin, tmp_path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "pets.csv").rename(tmp_path / "new" / "pets.csv")
    stdin("7 dog")
    assert stride("label", "W/0").code == 2
    assert stride("label", "W/0", "--data-root", "new").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["W/1"], "no run '1'"),
        (
            ["W/0", "--json"],
            '"message": "--json prints a list", "where": "", "hint": "type: --list --json"',
        ),
        (["W/0", "--page", "--list"], "--list takes no labels"),
    ],
)
def test_a_wrong_command_is_told_in_one_line(stride, paths, stdin, words, said) -> None:
    stdin("")
    code, out, err = stride("label", *words)
    assert (code, out) == (2, "")
    assert said in err and len(err.splitlines()) == 1


def test_a_run_that_never_asked(stride, make_run, stdin) -> None:
    make_run()
    stdin("")
    for words in ([], ["--list"]):
        code, _, err = stride("label", "W/0", *words)
        assert code == 2
        assert err.startswith("stride: error: run 0 has asked for no labels")
        assert len(err.splitlines()) == 1
