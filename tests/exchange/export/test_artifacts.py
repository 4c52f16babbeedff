"""Which artifacts are exported, and that none is read from outside of its run."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from stride.errors import BrokenRecord
from stride.exchange.export.export import Exported, export_runs
from stride.runs.collection.run_list import open_runs
from stride.runs.layout import RunPaths
from tests.exchange.export.runs import artifact, content, make


def export(tmp_path: Path, to: str = "tensorboard") -> Exported:
    make(tmp_path / "W", "good")
    return export_runs(open_runs(tmp_path / "W").rows, to, tmp_path / "out")


def linked(run: RunPaths, secret: Path) -> None:
    file = artifact(run, "x", "text", secret.read_bytes(), ".txt")
    file.unlink()
    file.symlink_to(secret)


def changed(run: RunPaths, secret: Path) -> None:
    artifact(run, "x", "text", b"as logged", ".txt").write_bytes(b"changed")


def elsewhere(run: RunPaths, secret: Path) -> None:
    row = {"step": 1, "epoch": 1, "time": 1.0, "name": "x", "kind": "text", "file": "../x"}
    run.artifact_rows.write_text(f"{json.dumps(row)}\n")


def unknown(run: RunPaths, secret: Path) -> None:
    artifact(run, "x", "pickle", b"x", ".pkl")


def unnamed(run: RunPaths, secret: Path) -> None:
    artifact(run, "x", "text", b"x", ".txt")
    run.artifact_rows.write_text(run.artifact_rows.read_text().replace('"x"', r'"\ud800"'))


def unknown_digest(run: RunPaths, secret: Path) -> None:
    linked(run, secret)
    row = json.loads(run.artifact_rows.read_text())
    run.artifact_rows.write_text(f"{json.dumps(row | {'sha256': None})}\n")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (unknown_digest, "its SHA-256 is not recorded"),
        (linked, "is a link out of the run folder"),
        (changed, "its SHA-256 is not the recorded one"),
        (elsewhere, "names no file: '../x'"),
        (unknown, "there is not such a kind as 'pickle'"),
        (unnamed, "is not a name in UTF-8"),
    ],
)
def test_a_run_with_an_artifact_that_is_not_its_own_is_left_out(
    spoil: Callable[[RunPaths, Path], None], reason: str, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hidden")
    spoil(make(tmp_path / "W", "bad"), secret)
    done = export(tmp_path)
    assert [source.label for source in done.sources] == ["good"]
    assert reason in done.left_out[0].reason
    assert b"hidden" not in b"".join(content(tmp_path / "out").values())


@pytest.mark.parametrize("kind", ["image", "histogram"])
def test_a_file_that_is_not_what_it_was_logged_as_is_named(kind: str, tmp_path: Path) -> None:
    artifact(make(tmp_path / "W", "bad"), "x", kind, b"{}", ".png")
    with pytest.raises(BrokenRecord, match=rf"is not a {kind}.*W/bad/artifacts"):
        export(tmp_path)
    assert not (tmp_path / "out").exists()


def test_a_tool_that_takes_none_is_hindered_by_none(tmp_path: Path) -> None:
    changed(make(tmp_path / "W", "bad"), tmp_path)
    assert export(tmp_path, "csv").left_out == []
