"""The text log of a run: from before its folder to its end, and nothing of another run."""

import io
import logging
import os
import platform
import resource
import threading
import warnings

import pytest

from stride.errors import RunError
from stride.log import LOGGER
from stride.loggers.text import TextLog


def test_what_was_logged_before_the_folder_is_in_the_file(tmp_path):
    with TextLog("INFO") as log:
        LOGGER.info("early")
        log.open(tmp_path / "logs" / "rank0.log")
        LOGGER.info("late")
        logging.getLogger("mine").warning("of another logger")
    text = (tmp_path / "logs" / "rank0.log").read_text()
    head, *lines = (line.partition(",")[0].split(" ", 2)[2] for line in text.splitlines())
    assert head == f"INFO stride: job - host {platform.node()} rank 0 local_rank 0"
    assert lines == ["INFO stride: early", "INFO stride: late", "WARNING mine: of another logger"]


def test_of_several_processes_each_line_says_whose_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("LOCAL_RANK", "1")
    with TextLog("INFO") as log:
        log.open(tmp_path / "log")
        LOGGER.info("a line")
    (line,) = (tmp_path / "log").read_text().splitlines()
    assert f"INFO job - host {platform.node()} rank 1 local_rank 1 stride: a line" in line


@pytest.mark.parametrize("text", ["", "interrupted by SIGTERM"])
def test_an_interruption_is_one_line(tmp_path, text):
    with pytest.raises(KeyboardInterrupt), TextLog("INFO") as log:
        log.open(tmp_path / "log")
        raise KeyboardInterrupt(*filter(None, [text]))
    _, line = (tmp_path / "log").read_text().splitlines()
    assert line.endswith(f" WARNING stride: {text or 'interrupted by the keyboard'}")


def test_handlers_are_gone_at_the_end_and_lines_go_to_their_own_run(tmp_path):
    before, level = list(logging.getLogger().handlers), LOGGER.level
    for name in ("a", "b"):
        with TextLog("DEBUG") as log:
            log.open(tmp_path / name)
            LOGGER.info("line of %s", name)
    assert (logging.getLogger().handlers, LOGGER.level) == (before, level)
    assert "line of b" not in (tmp_path / "a").read_text()
    assert "line of a" not in (tmp_path / "b").read_text()


def test_warnings_and_exceptions_are_in_it_and_pass_on(tmp_path):
    shown: list[object] = []
    with warnings.catch_warnings(), pytest.raises(ValueError, match="boom"):
        warnings.simplefilter("always")
        warnings.showwarning = lambda *told: shown.append(told[0])
        with TextLog("WARNING") as log:
            log.open(tmp_path / "log")
            warnings.warn("look out", UserWarning, stacklevel=1)
            LOGGER.info("not wanted")
            raise ValueError("boom")
    assert [str(one) for one in shown] == ["look out"]
    text = (tmp_path / "log").read_text()
    assert "UserWarning: look out" in text
    assert "ValueError: boom" in text
    assert "Traceback" in text
    assert "not wanted" not in text


def test_a_closed_stderr_and_a_name_that_is_no_text_end_nothing(tmp_path, monkeypatch):
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr("sys.stderr", closed)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda *told: closed.write(str(told))
        with TextLog("INFO") as log:
            log.open(tmp_path / "log")
            warnings.warn("a warning", stacklevel=1)
            LOGGER.info("the folder %s", "\udcff")
    text = (tmp_path / "log").read_text()
    assert "UserWarning: a warning" in text
    assert "the folder \\udcff" in text


def test_an_uncaught_exception_in_a_thread_is_in_it(tmp_path, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    with TextLog("INFO") as log:
        log.open(tmp_path / "log")
        thread = threading.Thread(target=lambda: 1 / 0, name="worker")
        thread.start()
        thread.join()
    assert "uncaught exception in thread worker" in (tmp_path / "log").read_text()
    assert "ZeroDivisionError" in (tmp_path / "log").read_text()


def test_a_full_disk_hides_no_exception_and_leaves_no_handler(tmp_path):
    class Full(logging.FileHandler):
        def close(self):
            super().close()
            raise OSError("no space left on device")

    before = (list(logging.getLogger().handlers), warnings.showwarning)
    with pytest.raises(ValueError, match="boom"), TextLog("INFO") as log:
        log.open(tmp_path / "log")
        log._file.__class__ = Full
        raise ValueError("boom")
    assert (logging.getLogger().handlers, warnings.showwarning) == before


def test_a_hard_linked_copy_stays_as_it_is_and_a_link_out_is_refused(tmp_path):
    (tmp_path / "0" / "logs").mkdir(parents=True)
    path, copy = tmp_path / "0" / "logs" / "rank0.log", tmp_path / "copy"
    path.write_text("first\n")
    os.link(path, copy)
    with TextLog("INFO") as log:
        log.open(path)
        LOGGER.info("second")
        copy.unlink()
        os.link(path, copy)
        before = copy.read_text()
        LOGGER.info("third")
        LOGGER.info("fourth")
    assert "second" in before and copy.read_text() == before
    lines = path.read_text().splitlines()
    assert [lines[0], *(line.split()[-1] for line in lines[2:])] == [
        "first",
        "second",
        "third",
        "fourth",
    ]
    path.unlink()
    path.symlink_to(copy)
    with TextLog("INFO") as log, pytest.raises(RunError, match="link out"):
        log.open(path)
    assert copy.read_text() == before


def test_a_full_disk_is_told_once_without_a_traceback(tmp_path, capfd):
    with TextLog("INFO") as log:
        kept = CaptureRecords()
        LOGGER.addHandler(kept)
        log.open(tmp_path / "log")
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
        logging.getLogger("another").warning("one")
        LOGGER.warning("two")
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        LOGGER.removeHandler(kept)
    assert [told for told in kept.told if "not complete" in told] == [
        f"{tmp_path}/log: the log is not complete: File too large"
    ]
    assert "Traceback" not in capfd.readouterr().err


class CaptureRecords(logging.Handler):
    """What was said."""

    def __init__(self):
        super().__init__()
        self.told = []

    def emit(self, record):
        self.told.append(record.getMessage())


def test_no_line_is_a_command_to_a_terminal(tmp_path):
    with TextLog("INFO") as log:
        log.open(tmp_path / "log")
        try:
            raise ValueError("\x1b[2J")
        except ValueError:
            logging.getLogger("another").exception("\u202e")
    text = (tmp_path / "log").read_text()
    assert "\\u202e" in text and "ValueError: \\x1b[2J\n" in text and "\x1b" not in text
