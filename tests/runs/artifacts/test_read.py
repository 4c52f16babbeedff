"""Which artifacts a run has, by its rows alone."""

import json

import pytest

from stride.errors import RunError
from stride.runs.artifacts.read import artifact_rows, kept_artifacts
from stride.runs.layout import RunPaths


def run_with(folder, *files):
    paths = RunPaths(folder)
    paths.artifact_rows.write_text("".join(json.dumps({"file": file}) + "\n" for file in files))
    paths.artifacts.mkdir()
    return paths


def test_those_whose_file_has_gone_are_left_out_and_a_torn_row_too(tmp_path):
    paths = run_with(tmp_path, "a.png", "b.png")
    (paths.artifacts / "b.png").write_bytes(b"")
    with paths.artifact_rows.open("a") as file:
        file.write('{"file": "c.p')
    assert [row["file"] for row in artifact_rows(paths)] == ["a.png", "b.png"]
    assert kept_artifacts(paths) == [{"file": "b.png", "path": paths.artifacts / "b.png"}]


def test_a_run_without_any_has_none(tmp_path):
    assert kept_artifacts(RunPaths(tmp_path)) == []


@pytest.mark.parametrize("file", ["../config.json", "/etc/passwd", "", None, 3])
def test_a_row_leads_out_of_no_folder(tmp_path, file):
    with pytest.raises(RunError, match="line 1 names no file"):
        kept_artifacts(run_with(tmp_path, file))
