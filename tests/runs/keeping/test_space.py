"""Too little space is refused at the start, and told once while there is some left."""

import logging
import shutil
from pathlib import Path

import pytest

from stride.errors import StrideError
from stride.runs.keeping.space import SpaceWarning, free_bytes, require_space


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give the size and the free bytes of every disk, which a test may change."""
    sizes = [10_000, 2_500]
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(sizes[0], 0, sizes[1])
    )
    return sizes


def test_what_is_free_is_asked_of_a_folder_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path, tmp_path / "a" / "b", tmp_path / "file"):
        assert (free_bytes(place) or 0) > 0


def test_a_training_whose_checkpoint_cannot_fit_is_refused(tmp_path: Path, disk: list[int]) -> None:
    require_space(tmp_path, 2_500)
    told = r"it takes 2.50 kB, and 2.50 kB are free .*checkpoints\); `stride purge`"
    with pytest.raises(StrideError, match=told):
        require_space(tmp_path / "0" / "checkpoints", 2_501)
    disk[:] = [0, 0]  # as of a disk of which the system tells nothing
    require_space(tmp_path, 10**12)


def test_room_for_few_is_told_once(
    tmp_path: Path, disk: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="stride")
    warning = SpaceWarning()
    warning.look(tmp_path, 800)
    assert caplog.messages == []
    for _ in range(2):
        warning.look(tmp_path, 900)
    (told,) = caplog.messages
    assert told.startswith(f"the disk of {tmp_path} has 2.50 kB left, and a checkpoint takes 900 B")


def test_a_system_that_refuses_to_tell_is_not_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(shutil, "disk_usage", refuse)
    assert free_bytes(tmp_path) is None
    require_space(tmp_path, 10**12)
    SpaceWarning().look(tmp_path, 10**12)
