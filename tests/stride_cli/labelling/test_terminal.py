"""At a terminal a person sees each sample and types its label; nothing typed is lost."""

import io
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
from fcntl import ioctl
from pathlib import Path

import pytest
from rich.console import Console

from stride.active.labels.rendering import Picture, Table, Words
from stride.runs.labels.labels_jsonl import read_labels
from stride.runs.layout import RunPaths
from stride.trainers.active.label_session import LabelSession
from stride_cli.labelling.terminal import Prompt, draw
from tests.trainers.active.waiting import pets, waiting

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    """Leave a run W/0 that asks for the animals 7, 3 and 5."""
    return waiting(tmp_path / "W", pets(tmp_path))


def console(colours: str | None = None) -> Console:
    return Console(
        file=io.StringIO(), width=80, height=30, force_terminal=True, highlight=False,
        color_system=colours, markup=False, _environ={},
    )  # fmt: skip


def text_of(console: Console) -> str:
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


@pytest.fixture
def typed(paths: RunPaths, monkeypatch: pytest.MonkeyPatch):
    """Return a function that types lines and returns what the person sees."""

    def type_(*lines: str) -> str:
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        screen = console()
        Prompt(LabelSession(paths.path), "ann", screen).run()
        return text_of(screen)

    return type_


def asked(text: str) -> list[str]:
    """Return place and id of each sample that was shown."""
    return re.findall(r"^(\d of \d: sample \d+)", text, re.MULTILINE)


def test_the_samples_come_in_order_until_all_have_a_label(typed, paths: RunPaths) -> None:
    text = typed("dog", "0", "ca")
    assert asked(text) == ["1 of 3: sample 7", "2 of 3: sample 3", "3 of 3: sample 5"]
    assert "sample 3, score 0.5" in text and "body weight" in text
    assert "0 cat   1 cow   2 dog" in text
    assert read_labels(paths) == {7: "dog", 3: "cat", 5: "cat"}


def test_what_is_not_understood_is_asked_again(typed, paths: RunPaths) -> None:
    text = typed("", "bird", "c", "dog")
    assert asked(text)[:2] == ["1 of 3: sample 7", "2 of 3: sample 3"]
    assert "the label 'bird' is not a class" in text and "'c' may be cat or cow" in text
    assert read_labels(paths) == {7: "dog"}


def test_the_last_label_is_taken_back(typed, paths: RunPaths) -> None:
    text = typed("u", "dog", "cat", "u", "u", "u", "cow")
    assert text.count("nothing was given here") == 2
    assert asked(text) == [f"{n} of 3: sample {i}" for n, i in ((1, 7), (2, 3), (3, 5), (2, 3), (1, 7), (2, 3))]  # fmt: skip # noqa: E501
    assert read_labels(paths) == {7: "cow"}


def test_what_is_skipped_comes_at_the_end(typed, paths: RunPaths) -> None:
    text = typed("s", "cat", "s", "s", "dog")
    assert [line[-1] for line in asked(text)] == ["7", "3", "5", "7", "5", "7"]
    assert read_labels(paths) == {3: "cat", 5: "dog"}


def test_what_was_skipped_can_be_come_back_to(typed, paths: RunPaths) -> None:
    text = typed("s", "s", "s", "u", "cat", "q")
    assert [line[-1] for line in asked(text)] == ["7", "3", "5", "7", "3"]
    assert read_labels(paths) == {7: "cat"}


@pytest.mark.parametrize("ending", [["q", "cat"], []])
def test_the_end_keeps_what_was_given(typed, paths: RunPaths, ending: list[str]) -> None:
    typed("dog", *ending)
    assert read_labels(paths) == {7: "dog"}


def test_help_says_what_can_be_typed(typed) -> None:
    text = typed("?")
    assert text.count("u  take back the last label") == 2
    assert text.count("0 cat   1 cow   2 dog") == 2


def test_what_others_label_meanwhile_is_not_asked_for(typed, paths: RunPaths) -> None:
    LabelSession(paths.path).give(3, "cat", by="bob")
    assert asked(typed("dog")) == ["2 of 3: sample 7", "3 of 3: sample 5"]


def image(*colour: int) -> Picture:
    return Picture(2, 2, bytes([*colour] * 4))


def test_an_image_has_colours_where_the_terminal_has() -> None:
    full, few, none = (console(name) for name in ("truecolor", "256", None))
    draw(image(255, 0, 0), full)
    draw(image(0, 0, 255), few)
    draw(image(255, 255, 255), none)
    assert "\x1b[38;2;255;0;0;48;2;255;0;0m▀" in text_of(full)
    assert "\x1b[38;5;21;48;5;21m▀" in text_of(few)
    assert "\x1b" not in text_of(none) and "@@" in text_of(none) and "▀" not in text_of(none)


def test_a_table_and_words() -> None:
    screen = console()
    draw(Table((("age", "7"), ("body weight", "1.5")), left_out=3), screen)
    draw(Words("[bold]a[/bold] path/7.png"), screen)
    text = text_of(screen)
    assert "age          7" in text and "body weight  1.5" in text and "... 3 more" in text
    assert "[bold]a[/bold] path/7.png" in text


def test_data_cannot_command_the_terminal() -> None:
    screen = console()
    draw(Words("\x1b[2J"), screen)
    draw(Table((("\x1b[2J", "\x1b[2J"),)), screen)
    assert "\x1b" not in text_of(screen)


def own_terminal() -> None:
    """Make standard input the terminal of a process, and have it obey Ctrl-C.

    What is started in the background of a shell ignores it, and so do its children.
    """
    ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """`stride label W/0 --no-resume` at a real terminal."""

    def __init__(self, popen, folder: Path, **environment: str) -> None:
        self.ours, theirs = pty.openpty()
        ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 90, 0, 0))
        variables = {
            k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR")
        }
        variables |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", **environment}
        self.process = popen(
            [sys.executable, "-m", "stride", "label", "W/0", "--no-resume"],
            cwd=folder, env=variables, stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True,
            preexec_fn=own_terminal,
        )  # fmt: skip
        os.close(theirs)

    def until(self, ending: str) -> str:
        """Return what is written until this has been."""
        text = ""
        while not ESCAPES.sub("", text).endswith(ending):
            piece = self._read()
            assert piece, text
            text += piece
        return text

    def rest(self, again: str = "") -> str:
        """Return what is written until the command has ended.

        Args:
            again: is typed once more where nothing comes: a Ctrl-C between a prompt and the wait
                for its answer is noticed by Python with the next key alone.
        """
        return "".join(iter(lambda: self._read(again), ""))

    def _read(self, again: str = "") -> str:
        for _ in range(30):
            if select.select([self.ours], [], [], 2.0)[0]:
                break
            self.type(again)
        else:
            pytest.fail("nothing was written for a minute")
        try:
            piece = os.read(self.ours, 65536)
        except OSError:  # Linux says so when the other end is closed
            return ""
        while piece[-1:] >= b"\x80":  # in the middle of a character, or at its end
            piece += os.read(self.ours, 1)
        return piece.decode().replace("\r\n", "\n")

    def close(self) -> None:
        os.close(self.ours)

    def type(self, text: str) -> None:
        os.write(self.ours, text.encode())


@pytest.fixture
def digits(tmp_path: Path) -> RunPaths:
    """Leave a run W/0 that asks for the digits 7, 3 and 5."""
    return waiting(tmp_path / "W", {"dataset_name": "digits"})


@pytest.fixture
def terminal(popen, tmp_path: Path):
    """Return a function that opens a terminal in the test's folder."""
    opened = []

    def open_(**environment: str) -> Terminal:
        opened.append(Terminal(popen, tmp_path, **environment))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("\x03", 130),
        *(pytest.param(e, 0, marks=pytest.mark.slow) for e in ("q\n", "\x04", "cat\ncow\n")),
    ],
)
def test_at_a_real_terminal(digits: RunPaths, terminal, ending: str, code: int) -> None:
    terminal = terminal()
    text = terminal.until("label: ")
    assert text.count("▀") == 32 * 16 and "\x1b[38;2;" in text and "1 of 3: sample 7" in text
    terminal.type("4\n")
    terminal.until("label: ")
    terminal.type(ending.replace("cat", "1").replace("cow", "2"))
    rest = terminal.rest("\x03" if ending == "\x03" else "")
    ended = terminal.process.wait(timeout=30)
    assert ended == code or (code == 130 and ended == -signal.SIGINT)  # the same to a shell
    assert "labels are given" in rest and "Traceback" not in rest
    given = read_labels(digits)
    assert given == ({7: 4, 3: 1, 5: 2} if "cat" in ending else {7: 4})


def test_a_kill_loses_no_label(digits: RunPaths, terminal) -> None:
    terminal = terminal(NO_COLOR="1")
    assert "▀" not in terminal.until("label: ")
    terminal.type("4\n")
    terminal.until("label: ")
    os.kill(terminal.process.pid, signal.SIGKILL)
    terminal.process.wait(timeout=30)
    assert read_labels(digits) == {7: 4}
