"""Artifacts without a row go beside the rows that were cut off."""

import pytest

from stride.errors import RunError
from stride.runs.artifacts.set_aside import set_aside
from stride.runs.writer import RunWriter


@pytest.fixture
def writer(tmp_path):
    writer = RunWriter.start(tmp_path / "w", config={}, provenance={})
    yield writer
    writer.close("done")


def test_what_no_row_names_is_moved_and_the_rest_stays(writer):
    paths = writer.paths
    for name in ("kept.txt", "lost.txt", ".tmp-0123456789ab-x"):
        writer.commit(paths.artifacts / name, name)
    writer.append(paths.artifact_rows, [{"file": "kept.txt"}])
    for _ in range(2):  # a second time changes nothing
        set_aside(writer)
        assert {path.name for path in paths.artifacts.iterdir()} == {
            "kept.txt",
            ".tmp-0123456789ab-x",
        }
        (moved,) = paths.cut_artifacts(0).iterdir()
        assert (moved.name, moved.read_text()) == ("lost.txt", "lost.txt")


def test_a_link_out_of_the_run_is_not_followed(writer, tmp_path):
    (tmp_path / "private").write_text("x")
    writer.paths.artifacts.mkdir()
    (writer.paths.artifacts / "link").symlink_to(tmp_path / "private")
    with pytest.raises(RunError, match="is a link out of the run folder"):
        set_aside(writer)


def test_a_run_without_artifacts_gets_no_folder(writer):
    set_aside(writer)
    assert not writer.paths.artifacts.exists()
