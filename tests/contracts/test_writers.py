"""What holds for every writer of a run: derive from WriterContract."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from stride.runs.layout import RunPaths
from stride.runs.writer import RunWriter
from stride.runs.writer_base import ReadOnlyWriter, Writer

ROW = {"step": 1, "epoch": 0, "time": 1.0}
NAMES = sorted(Writer.__abstractmethods__)


def fill(writer: Writer) -> None:
    with writer.commit_folder("checkpoints/x_epoch_1") as folder:
        (folder / "state.json").write_text("{}")


CALLS: Mapping[str, Callable[[Writer], Any]] = {
    "status": lambda writer: writer.status("running", "so", metrics={"last": {"loss": 1.0}}),
    "commit": lambda writer: writer.commit("curve.json", {"format_version": 1, "x": float("nan")}),
    "commit_folder": fill,
    "remove_folder": lambda writer: writer.remove_folder(writer.paths.logs),
    "remove_file": lambda writer: writer.remove_file(writer.paths.config),
    "append": lambda writer: writer.append(writer.paths.metrics, [ROW]),
    "stream_sizes": lambda writer: writer.stream_sizes(),
    "sync_streams": lambda writer: writer.sync_streams(),
    "report": lambda writer: writer.report(dict),
    "close": lambda writer: writer.close("failed", "so", metrics={"last": {"loss": 1.0}}),
}
READING = {"stream_sizes", "sync_streams", "report"}
"""The methods that change nothing in any writer's folder."""

REFUSED: Mapping[str, Callable[[Writer], Any]] = {
    "an unknown state": lambda writer: writer.status("dancing"),
    "an unknown part of a summary": lambda writer: writer.status("running", moon="full"),
    "a file that lacks what its record wants": lambda writer: writer.commit(
        writer.paths.normalization, {"kind": "standard"}
    ),
    "a file by its name": lambda writer: writer.commit("results.json", {"nonsense": 1}),
    "a value that is not JSON": lambda writer: writer.commit("curve.json", {"x": object()}),
    "a row that is not JSON": lambda writer: writer.append(writer.paths.metrics, [{"x": object()}]),
    "a call without a path": lambda writer: writer.remove_folder(),  # type: ignore[call-arg]
    "a call with another argument": lambda writer: writer.sync_streams(now=1),  # type: ignore[call-arg]
}
ACCEPTED: Mapping[str, Callable[[Writer], Any]] = {
    "a file by its path": lambda writer: writer.commit(writer.paths.code_patch, b"x"),
    "a file by its name": lambda writer: writer.commit("code.patch", "x"),
    "a file in pieces": lambda writer: writer.commit("weights", iter([memoryview(b"x")])),
    "no rows": lambda writer: writer.append(writer.paths.rounds, []),
    "a folder that is missing": lambda writer: writer.remove_folder(writer.paths.path / "gone"),
    "a row with infinity": lambda writer: writer.append(writer.paths.rounds, [{"x": float("inf")}]),
}


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return the time and the bytes of all that lies in a folder, and of the folder itself."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in (folder, *sorted(folder.rglob("*")))
    }


class WriterContract:
    """The tests; a subclass says how to make the writer of a run."""

    kind: type[Writer]

    def make(self, started: RunWriter) -> Writer:
        raise NotImplementedError

    @pytest.fixture
    def writer(self, tmp_path: Path) -> Iterator[Writer]:
        started = RunWriter.start(tmp_path / "w", config={}, provenance={})
        started.paths.logs.mkdir()
        started.paths.log().write_text("a log")
        yield self.make(started)
        started.close("done")

    def test_the_calls_are_those_of_the_seam(self) -> None:
        assert sorted(CALLS) == NAMES

    @pytest.mark.parametrize("name", NAMES)
    def test_a_method_has_the_signature_of_the_seam(self, name: str) -> None:
        own, seam = (inspect.signature(getattr(kind, name)) for kind in (self.kind, Writer))
        assert own.parameters == seam.parameters

    def test_nothing_is_public_that_the_seam_lacks(self) -> None:
        public = {name for name in dir(self.kind) if not name.startswith("_")}
        assert public - set(dir(Writer)) <= {"start", "resume"}

    def test_a_run_is_named_alike(self, writer: Writer) -> None:
        assert (writer.name, writer.segment) == (writer.paths.name, 0)
        assert writer.identity.keys() == {"uuid", "segment", "config_sha256"}
        assert (writer.identity["uuid"], writer.identity["segment"]) == (writer.uuid, 0)
        assert len(writer.uuid) == 32

    @pytest.mark.parametrize("name", NAMES)
    def test_a_method_returns_what_the_seam_says(self, writer: Writer, name: str) -> None:
        answer = CALLS[name](writer)
        if name == "stream_sizes":
            assert type(answer) is dict
            assert all(type(k) is str and type(v) is int for k, v in answer.items())
        else:
            assert answer is None

    def test_a_folder_is_given_empty_and_is_gone_after_the_block(self, writer: Writer) -> None:
        place = writer.paths.checkpoint("x_epoch_1").path
        with writer.commit_folder(place) as folder:
            assert isinstance(folder, Path) and folder != place
            assert list(folder.iterdir()) == []
        assert not folder.exists()

    def test_what_fails_in_the_block_of_a_folder_is_raised(self, writer: Writer) -> None:
        with pytest.raises(ZeroDivisionError), writer.commit_folder("checkpoints/x") as folder:
            (folder / "part").touch()
            raise ZeroDivisionError
        assert not folder.exists() and not (writer.paths.checkpoints / "x").exists()

    @pytest.mark.parametrize("what", REFUSED)
    def test_it_refuses(self, writer: Writer, what: str) -> None:
        before = tree(writer.paths.path)
        with pytest.raises((ValidationError, TypeError)):
            REFUSED[what](writer)
        assert tree(writer.paths.path) == before

    @pytest.mark.parametrize("what", ACCEPTED)
    def test_it_accepts(self, writer: Writer, what: str) -> None:
        assert ACCEPTED[what](writer) is None

    @pytest.mark.parametrize("name", NAMES)
    def test_after_close_nothing_is_done(
        self, writer: Writer, name: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        CALLS["append"](writer)
        writer.close("done")
        before = tree(writer.paths.path)
        caplog.clear()
        CALLS[name](writer)
        writer.append(writer.paths.rounds, [ROW])
        assert tree(writer.paths.path) == before


class TestRunWriter(WriterContract):
    kind = RunWriter

    def make(self, started: RunWriter) -> Writer:
        return started

    @pytest.mark.parametrize("name", sorted(set(NAMES) - READING))
    def test_it_writes(self, writer: Writer, name: str) -> None:
        before = tree(writer.paths.path)
        CALLS[name](writer)
        assert tree(writer.paths.path) != before

    def test_what_comes_after_close_is_told(
        self, writer: Writer, caplog: pytest.LogCaptureFixture
    ) -> None:
        writer.close("done")
        caplog.clear()
        writer.commit("curve.json", {})
        assert "curve.json is not written: the run is closed" in caplog.text


class TestReadOnlyWriter(WriterContract):
    kind = ReadOnlyWriter

    def make(self, started: RunWriter) -> Writer:
        return ReadOnlyWriter(RunPaths(started.paths.path), started.uuid, started.segment)

    @pytest.mark.parametrize("name", NAMES)
    def test_it_changes_nothing(self, writer: Writer, name: str) -> None:
        before = tree(writer.paths.path)
        CALLS[name](writer)
        assert tree(writer.paths.path) == before

    def test_its_folder_lies_outside_of_the_run(self, writer: Writer) -> None:
        with writer.commit_folder("checkpoints/x") as folder:
            assert writer.paths.path.parent not in folder.parents
