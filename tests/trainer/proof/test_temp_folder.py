"""A folder for a while where there is room: the system's own, or one beside the work_dir."""

import shutil
import tempfile
from types import SimpleNamespace

import pytest

from stride.errors import UserError
from stride.trainer.proof.temp_folder import bytes_needed, temporary_folder


@pytest.fixture
def free(tmp_path, monkeypatch):
    """Say how much is free in the system's temporary folder, and where the work_dir is."""
    (tmp_path / "system").mkdir()
    (tmp_path / "home").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "system"))

    def say(system, home):
        sizes = {tmp_path / "system": system, tmp_path / "home": home}
        monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=sizes[path]))
        return str(tmp_path / "home" / "work_dirs" / "w")

    return say


@pytest.mark.parametrize(("system", "home", "chosen"), [(9, 99, "system"), (7, 8, "home")])
def test_the_first_place_with_room_is_taken_and_emptied(free, tmp_path, system, home, chosen):
    with temporary_folder(8, free(system, home)) as folder:
        assert folder.parent == tmp_path / chosen
        (folder / "whole").mkdir()
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "home", tmp_path / "system"]


def test_without_room_both_places_are_told(free, tmp_path):
    gigabyte = 2**30
    with (
        pytest.raises(UserError, match=r"needs 3\.00 GiB .*system has 1\.00 GiB, .*home has 2\.00"),
        temporary_folder(3 * gigabyte, free(gigabyte, 2 * gigabyte)),
    ):
        pass
    assert bytes_needed(gigabyte) > 3 * gigabyte
