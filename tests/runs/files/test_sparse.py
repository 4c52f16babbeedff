"""A copy has the same bytes, and what was never written takes nothing of the disk."""

from pathlib import Path

import pytest

from stride.errors import RunError, StrideError
from stride.runs.files.sparse import copy_sparse

MIB = 2**20


def test_bytes_and_holes_are_those_of_the_file(tmp_path: Path) -> None:
    with open(tmp_path / "old", "wb") as file:
        file.seek(5 * MIB - 1)
        file.write(b"\x01\x02")
        file.truncate(40 * MIB + 3)
    copy_sparse(tmp_path / "old", tmp_path / "new")
    assert (tmp_path / "new").read_bytes() == (tmp_path / "old").read_bytes()
    assert (tmp_path / "new").stat().st_blocks * 512 <= 3 * MIB


def test_what_is_not_a_file_of_the_run_or_there_already_is_named(tmp_path: Path) -> None:
    (tmp_path / "private").write_text("mine")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "link").symlink_to(tmp_path / "private")
    with pytest.raises(RunError, match="link out"):
        copy_sparse(tmp_path / "run" / "link", tmp_path / "new")
    with pytest.raises(StrideError, match=r"File exists.*private"):
        copy_sparse(tmp_path / "private", tmp_path / "private")
