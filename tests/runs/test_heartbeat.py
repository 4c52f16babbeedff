import os
import threading
import time
from pathlib import Path

from stride.runs.heartbeat import Heartbeat


def beaten(path: Path, since: float, seconds: float) -> bool:
    """Wait until the file is touched after a moment, or seconds are over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if path.exists() and path.stat().st_mtime > since:
            return True
        time.sleep(0.01)
    return False


def test_it_beats_at_once_and_again(tmp_path: Path) -> None:
    path, others = tmp_path / "0.heartbeat", set(threading.enumerate())
    heart = Heartbeat(path, lambda: True, every=0.01)
    assert path.exists()
    os.utime(path, (0, 0))
    assert beaten(path, 1.0, 20)
    heart.stop()
    os.utime(path, (0, 0))
    assert not beaten(path, 1.0, 0.1)
    assert set(threading.enumerate()) <= others


def test_what_is_done_with_a_beat_may_fail(tmp_path: Path) -> None:
    path, done = tmp_path / "0.heartbeat", threading.Event()
    heart = Heartbeat(path, lambda: True, every=0.01)

    def fails() -> None:
        done.set()
        raise ValueError("no")

    heart.also = fails
    assert done.wait(20)
    os.utime(path, (0, 0))
    assert beaten(path, 1.0, 20)
    heart.stop()


def test_a_run_that_is_somebody_elses_gets_no_beat(tmp_path: Path) -> None:
    path, ours = tmp_path / "0.heartbeat", threading.Event()
    heart = Heartbeat(path, ours.is_set, every=0.01)
    os.utime(path, (0, 0))
    assert not beaten(path, 1.0, 0.1)
    ours.set()
    assert beaten(path, 1.0, 20)
    heart.stop()


def test_a_disk_that_hangs_or_fails_keeps_no_other_run_from_beating(tmp_path: Path) -> None:
    """As where its own runs are away, or the number of its newest segment cannot be read."""
    hangs, back, fails = threading.Event(), threading.Event(), threading.Event()

    def away() -> bool:
        hangs.set()
        return back.wait(20)

    def broken() -> bool:
        if not fails.is_set():
            fails.set()
            raise ValueError("no")
        return True

    paths = [tmp_path / f"{n}.heartbeat" for n in range(3)]
    asked = (away, broken, lambda: True)
    hearts = [Heartbeat(path, one, every=0.01) for path, one in zip(paths, asked, strict=True)]
    assert hangs.wait(20) and fails.wait(20)
    for path in paths:
        os.utime(path, (0, 0))
    assert all(beaten(path, 1.0, 20) for path in paths[1:])
    assert not beaten(paths[0], 1.0, 0)
    back.set()
    assert beaten(paths[0], 1.0, 20)
    for heart in hearts:
        heart.stop()


def test_nothing_is_done_with_a_beat_once_it_is_stopped(tmp_path: Path) -> None:
    begun, done = threading.Event(), threading.Event()
    other, heart = (Heartbeat(tmp_path / f"{n}.heartbeat", lambda: True, 0.01) for n in range(2))

    def slow() -> None:
        begun.set()
        time.sleep(0.1)
        done.set()

    heart.also = slow
    assert begun.wait(20)
    heart.stop()
    assert done.is_set()
    other.stop()


def test_a_folder_that_is_away_for_a_moment_does_not_end_it(tmp_path: Path) -> None:
    folder = tmp_path / "segments"
    heart = Heartbeat(folder / "0.heartbeat", lambda: True, every=0.01)
    time.sleep(0.05)
    folder.mkdir()
    assert beaten(folder / "0.heartbeat", 1.0, 20)
    heart.stop()


def test_a_link_in_its_place_is_not_followed_and_a_copy_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "segments").mkdir()
    path, new = tmp_path / "segments" / "0.heartbeat", tmp_path.parent / "new"
    path.symlink_to(new)
    Heartbeat(path, lambda: True).stop()
    assert not new.exists()
    path.unlink()
    path.touch()
    os.link(path, tmp_path / "copy")
    os.utime(path, (0, 0))
    Heartbeat(path, lambda: True).stop()
    assert path.stat().st_mtime > 0
    assert (tmp_path / "copy").stat().st_mtime == 0
