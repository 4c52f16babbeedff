"""Files hashed while written: the bytes, the digest, the mode, past the cache or not."""

import errno
import fcntl
import hashlib
import os

import pytest

from stride.engine.checkpoint.hashed_file import HashedFile

MIB = 2**20


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, MIB - 1, MIB, MIB + 1, 3 * MIB + 512])
def test_what_is_written_is_there_with_its_digest(tmp_path, size):
    data = os.urandom(size)
    with HashedFile(tmp_path / "file") as file:
        file.write(data[:100])
        file.write(memoryview(data)[100:])
        record = file.finish()
    assert (tmp_path / "file").read_bytes() == data
    assert record == {"sha256": hashlib.sha256(data).hexdigest(), "size": size}


def test_it_is_durable_as_a_whole(tmp_path, monkeypatch):
    synced, sync = [], os.fsync

    def noted(descriptor):
        sync(descriptor)
        synced.append(os.fstat(descriptor).st_size)

    monkeypatch.setattr(os, "fsync", noted)
    with HashedFile(tmp_path / "file") as file:
        file.write(bytes(MIB + 5))
        file.finish()
    assert synced == [MIB + 5]


def test_a_file_that_is_there_is_never_overwritten(tmp_path):
    (tmp_path / "file").write_text("old")
    with pytest.raises(FileExistsError):
        HashedFile(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "old"


def test_its_mode_is_that_of_any_new_file(tmp_path):
    before = os.umask(0o027)
    try:
        with HashedFile(tmp_path / "file") as file:
            file.finish()
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("knows_the_flag", [False, True])
def test_a_file_system_that_cannot_write_directly_gets_the_bytes_anyway(
    tmp_path, monkeypatch, knows_the_flag
):
    # What such file systems say: to the flag itself, or to the first block.
    set_flags, write, refused = fcntl.fcntl, os.write, []

    def is_direct(descriptor):
        return set_flags(descriptor, fcntl.F_GETFL) & os.O_DIRECT

    def picky_flags(descriptor, command, flags=0):
        if command == fcntl.F_SETFL and flags & os.O_DIRECT and not knows_the_flag:
            refused.append(flags)
            raise OSError(errno.EINVAL, "no such flag")
        return set_flags(descriptor, command, flags)

    def picky_write(descriptor, data):
        if is_direct(descriptor):
            refused.append(len(data))
            raise OSError(errno.EINVAL, "not so")
        return write(descriptor, data[:1000_000])

    monkeypatch.setattr(fcntl, "fcntl", picky_flags)
    monkeypatch.setattr(os, "write", picky_write)
    data = os.urandom(2 * MIB + 5)
    with HashedFile(tmp_path / "file") as file:
        file.write(data)
        assert file.finish()["size"] == len(data)
    assert (tmp_path / "file").read_bytes() == data
    assert len(refused) == 1
