"""Artifacts are written in the background: files, then rows; errors are never lost."""

import json
import threading

import pytest
import torch

from stride.engine.state import TrainState
from stride.errors import RunError, StrideError
from stride.loggers.artifact_values import Artifact, Histogram, Image, Text
from stride.loggers.artifacts import WAITING, ArtifactWriter
from stride.loggers.base import Loggers
from stride.runs.artifacts.read import artifact_rows, kept_artifacts
from stride.runs.records.streams import ArtifactRow
from stride.runs.writer import RunWriter


@pytest.fixture
def writer(tmp_path):
    writer = RunWriter.start(tmp_path / "w", config={}, provenance={})
    yield writer
    writer.close("done")


def text(words):
    return Text.of(words, markdown=False)


class Waiting(Artifact):
    """Is encoded when it is told to."""

    kind = "text"
    suffix = ".txt"

    def __init__(self):
        self.go = threading.Event()

    def encoded(self):
        assert self.go.wait(10)
        return b"at last"


def test_each_is_a_file_and_a_row_of_its_step(writer):
    state = TrainState()
    artifacts = ArtifactWriter(writer, state, Loggers([]))
    artifacts.add("samples/grey", Image.of(torch.zeros(2, 2)))
    state.step, state.epoch = 7, 1
    artifacts.add("samples/grey", Image.of(torch.ones(2, 2)))
    artifacts.add("weights", Histogram.of(torch.zeros(3), 2))
    artifacts.flush()
    rows = kept_artifacts(writer.paths)
    assert [(row["step"], row["epoch"], row["name"], row["kind"]) for row in rows] == [
        (0, 0, "samples/grey", "image"),
        (7, 1, "samples/grey", "image"),
        (7, 1, "weights", "histogram"),
    ]
    assert rows[1]["file"].startswith("samples-grey-00000007-")
    assert json.loads(rows[2]["path"].read_bytes())["counts"] == [0, 3]
    for row in artifact_rows(writer.paths):
        ArtifactRow.model_validate(row)
    artifacts.close()


def test_the_training_waits_neither_for_one_nor_for_as_many_as_may_wait(writer):
    artifacts, slow = ArtifactWriter(writer, TrainState(), Loggers([])), Waiting()
    for _ in range(WAITING):
        artifacts.add("a", slow)
    assert list(artifact_rows(writer.paths)) == []
    slow.go.set()
    artifacts.close()
    assert len(list(artifact_rows(writer.paths))) == WAITING


def test_after_the_end_nobody_waits_and_nothing_is_taken(writer):
    artifacts, slow, refused = ArtifactWriter(writer, TrainState(), Loggers([])), Waiting(), []

    def log_on():
        try:
            while True:
                artifacts.add("late", slow)
        except RunError as error:
            refused.append(error.what)

    threads = [threading.Thread(target=log_on, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    slow.go.set()
    artifacts.close()
    for thread in threads:
        thread.join(10)
    assert refused == ["'late' is not kept: the training has ended"] * 2
    artifacts.flush()
    artifacts.close()
    with pytest.raises(RunError, match="end the thread in after_train"):
        artifacts.add("late", text("x"))


def test_what_cannot_be_encoded_is_told_and_left_out(writer, caplog):
    artifacts = ArtifactWriter(writer, TrainState(), Loggers([]))
    artifacts.add("a", Image.of(torch.full((2, 2), 3.0)))
    artifacts.add("a", text("x"))
    artifacts.close()
    assert [row["kind"] for row in artifact_rows(writer.paths)] == ["text"]
    assert "a of step 0 is left out: an image has uint8" in caplog.text


def test_what_cannot_be_written_is_told_and_raised(writer, caplog):
    writer.paths.artifacts.write_text("in the way")
    artifacts = ArtifactWriter(writer, TrainState(), Loggers([]))
    artifacts.add("a", text("x"))
    with pytest.raises(StrideError, match="cannot write"):
        artifacts.flush()
    assert "a of step 0 is not kept" in caplog.text
    writer.paths.artifacts.unlink()
    artifacts.add("a", text("x"))
    artifacts.close()  # the error was raised once
    assert len(kept_artifacts(writer.paths)) == 1


def test_the_newest_of_each_name_stay_also_over_a_restart(writer):
    state = TrainState()
    for words in (["a", "b", "b"], ["c"]):
        artifacts = ArtifactWriter(writer, state, Loggers([]), keep=2)
        artifacts.add("other", text("x"))
        for one in words:
            artifacts.add("n", text(one))
        artifacts.close()
    kept = [(row["name"], row["path"].read_text()) for row in kept_artifacts(writer.paths)]
    assert kept == [("other", "x"), ("n", "b"), ("n", "b"), ("other", "x"), ("n", "c")]
    assert len(list(writer.paths.artifacts.iterdir())) == 3
    assert len(list(artifact_rows(writer.paths))) == 6


def test_a_training_that_logs_none_has_no_thread(writer):
    before = threading.active_count()
    artifacts = ArtifactWriter(writer, TrainState(), Loggers([]))
    artifacts.flush()
    artifacts.close()
    assert threading.active_count() == before
    assert not writer.paths.artifacts.exists()
