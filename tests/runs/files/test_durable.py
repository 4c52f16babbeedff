import errno
import os
from pathlib import Path

import pytest

from stride.errors import RunError, StrideError
from stride.runs.files.durable import os_errors_as, sync_folder, write_all


def test_the_systems_error_becomes_one_line_with_the_path() -> None:
    with (
        pytest.raises(StrideError) as caught,
        os_errors_as("cannot write", Path("w/3/status.json")),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert str(caught.value) == "cannot write: No space left on device (w/3/status.json)"
    assert isinstance(caught.value.__cause__, OSError)


def test_the_error_can_be_the_users() -> None:
    with pytest.raises(RunError), os_errors_as("cannot read", Path("x"), RunError):
        raise PermissionError(errno.EACCES, "Permission denied")


def test_errors_that_mean_something_pass() -> None:
    with pytest.raises(FileExistsError), os_errors_as("x", Path("x"), passing=FileExistsError):
        raise FileExistsError


def test_other_exceptions_are_not_renamed() -> None:
    with pytest.raises(ZeroDivisionError), os_errors_as("x", Path("x")):
        _ = 1 / 0


def test_all_bytes_are_written_through_a_narrow_pipe() -> None:
    read, write = os.pipe()
    data = os.urandom(40_000)
    try:
        write_all(write, data)
        assert os.read(read, 100_000) == data
    finally:
        os.close(read)
        os.close(write)


def test_a_missing_folder_cannot_be_synced(tmp_path: Path) -> None:
    sync_folder(tmp_path)
    with pytest.raises(FileNotFoundError):
        sync_folder(tmp_path / "missing")
