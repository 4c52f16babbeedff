"""The sweeps of a work_dir are found by name, or the newest."""

import os
from pathlib import Path

import pytest

from stride.errors import UserError
from stride.sweeps.following.found import checked_sweep_name, find_sweep, sweep_names


def test_the_newest_comes_first_and_is_found_without_a_name(tmp_path: Path) -> None:
    for age, name in enumerate(["new", "old", "older"]):
        record = tmp_path / "sweeps" / name / "sweep.json"
        record.parent.mkdir(parents=True)
        record.write_text("{}")
        os.utime(record, (1e9 - age, 1e9 - age))
    (tmp_path / "sweeps" / "begun").mkdir()  # killed before there was a record
    assert sweep_names(tmp_path) == ["new", "old", "older"]
    assert find_sweep(tmp_path, None).name == "new"
    assert find_sweep(tmp_path, "older").path == tmp_path / "sweeps" / "older"
    with pytest.raises(UserError, match=r"no sweep 'oldest'.*did you mean 'older'"):
        find_sweep(tmp_path, "oldest")


def test_without_a_sweep_it_is_said_how_to_begin(tmp_path: Path) -> None:
    assert sweep_names(tmp_path / "nothing") == []
    with pytest.raises(UserError, match=r"no sweep in .*; type: stride sweep .* --grid"):
        find_sweep(tmp_path, None)


@pytest.mark.parametrize("name", ["../x", ".x", "a b", "", "sweeps"])
def test_a_name_is_that_of_a_folder(name: str) -> None:
    with pytest.raises(UserError, match="is not a name for a sweep"):
        checked_sweep_name(name)
    assert checked_sweep_name("lr-1") == "lr-1"
