"""Going on with a run writes and deletes what is the run's own, and nothing behind a link."""

import json
import os
from pathlib import Path

import pytest

from stride.errors import RunError
from stride.runs.layout import RunPaths
from stride.runs.writer import RunWriter


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    """Give a run that was interrupted."""
    writer = RunWriter.start(tmp_path / "w", config={"seed": 0}, provenance={})
    writer.append(writer.paths.metrics, [{"step": 1, "epoch": 0, "time": 0.0}])
    writer.paths.logs.mkdir()
    writer.close("interrupted")
    return writer.paths


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Give a folder that is not the run's, with a file."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "private").write_text("mine\n")
    return tmp_path / "elsewhere"


def checkpoint(place: Path, name: str, **values: object) -> Path:
    (place / name).mkdir(parents=True)
    record = {"format_version": 3, **values}
    (place / name / "checkpoint.json").write_text(json.dumps(record))
    return place / name


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


PLACES = ("metrics.jsonl", "fingerprints.jsonl", "rounds.jsonl", "metrics.csv", "logs/rank0.log")


@pytest.mark.parametrize("name", PLACES)
def test_a_file_that_is_not_its_own_is_refused_before_anything(
    paths: RunPaths, elsewhere: Path, name: str
) -> None:
    place = paths.path / name
    place.unlink(missing_ok=True)
    before = tree(paths.path), tree(elsewhere)
    place.symlink_to(elsewhere / "private")
    with pytest.raises(RunError, match="link out of the run folder"):
        RunWriter.resume(paths.path)
    place.unlink()
    os.mkfifo(place)
    with pytest.raises(RunError, match="is a FIFO, not a file"):
        RunWriter.resume(paths.path)
    assert (tree(paths.path), tree(elsewhere)) == before


@pytest.mark.parametrize("name", ["logs", "tensorboard", "wandb"])
def test_a_folder_elsewhere_is_refused(paths: RunPaths, elsewhere: Path, name: str) -> None:
    if (paths.path / name).is_dir():
        (paths.path / name).rmdir()
    (paths.path / name).symlink_to(elsewhere)
    with pytest.raises(RunError, match=f"{name} is a link out of the run folder"):
        RunWriter.resume(paths.path)
    assert set(tree(elsewhere)) == {"private"}


def test_checkpoints_of_another_run_behind_the_link_are_left(
    paths: RunPaths, elsewhere: Path
) -> None:
    checkpoint(elsewhere, "m_d_x_epoch_7", uuid="f" * 32)
    paths.checkpoints.symlink_to(elsewhere)
    with pytest.raises(RunError, match="m_d_x_epoch_7 of another run"):
        RunWriter.resume(paths.path)
    assert (elsewhere / "m_d_x_epoch_7").is_dir()


def test_what_is_not_known_behind_the_link_is_neither_deleted_nor_replaced(
    paths: RunPaths, elsewhere: Path
) -> None:
    """Neither are the unfinished files of another run that keeps its own there."""
    (elsewhere / "deep" / ".tmp-abc").mkdir(parents=True)
    (elsewhere / f".tmp-0-{'a' * 16}").mkdir()
    (elsewhere / "net_epoch_2").mkdir()
    paths.checkpoints.symlink_to(elsewhere)
    token = json.loads(paths.segment(0).read_text())["token"]
    (elsewhere / f".tmp-0-{token}").mkdir()
    before = sorted(path.name for path in elsewhere.rglob("*"))
    before.remove(f".tmp-0-{token}")
    writer = RunWriter.resume(paths.path)
    ours = checkpoint(elsewhere, "m_d_x_epoch_1", uuid=writer.uuid)
    old = checkpoint(elsewhere, "m_d_x_epoch_2")
    for name in ("net_epoch_2", ours.name, old.name):
        writer.remove_folder(paths.checkpoint(name).path)
    assert old.is_dir() and not ours.exists()
    for name in ("net_epoch_2", old.name):
        with (
            pytest.raises(RunError, match="is there already, and not known"),
            writer.commit_folder(paths.checkpoint(name).path),
        ):
            raise AssertionError("it must not come to this")
    writer.commit(paths.checkpoint_index, {"entries": [entry(old.name)]})
    writer.remove_folder(paths.checkpoint(old.name).path)
    (elsewhere / "index.json").unlink()
    writer.close("done")
    assert sorted(path.name for path in elsewhere.rglob("*")) == before


def entry(name: str) -> dict[str, object]:
    return {"name": name, "step": 1, "epoch": 1, "time": 0.0}
