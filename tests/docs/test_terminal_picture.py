"""docs/terminal.svg: drawn cell by cell, and what it shows is what the commands say today."""

import importlib.util
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

from tests.warm import Warm

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "terminal.svg"


@pytest.fixture(scope="module")
def recorder() -> ModuleType:
    """Return docs/record.py as a module."""
    spec = importlib.util.spec_from_file_location("record", ROOT / "docs" / "record.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def text(lines: list[list[tuple[str, str]]]) -> list[str]:
    """Return the characters of lines."""
    return ["".join(character for character, _ in line) for line in lines]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("one\r\ntwo\r\n", ["one", "two"]),
        ("bar 1\r\x1b[2Kbar 2\r\n", ["bar 2"]),
        ("a\r\nb\r\x1b[2K\x1b[1A\x1b[2Knote\r\na\r\nb\r\n", ["note", "a", "b"]),
        ("\x1b[?25l\x1b[32mgo\x1b[0m\x1b[?25h", ["go"]),
        ("x" * 101, ["x" * 100, "x"]),
        ("abc\rX", ["Xbc"]),
        ("a\r\nbc\r\nd\x1b[1A\r\x1b[Je\r\n", ["a", "e"]),
    ],
)
def test_the_screen_is_what_a_terminal_shows_at_the_end(
    recorder: ModuleType, written: str, shown: list[str]
) -> None:
    assert text(recorder.screen(written)) == shown


def test_every_cell_has_its_place_and_colour(recorder: ModuleType) -> None:
    drawn = recorder.picture(recorder.screen("\x1b[32mok\x1b[0m  <a b>\r\n"))
    texts = [node for node in ElementTree.fromstring(drawn) if node.tag.endswith("text")]
    assert [(node.text, node.get("x"), node.get("fill")) for node in texts] == [
        ("ok", "16", "#8bd48b"),
        ("<a b>", "48", None),
    ]
    assert texts[1].get("textLength") == "40"


def test_the_picture_shows_the_commands_of_the_recorder(recorder: ModuleType) -> None:
    ElementTree.parse(PICTURE)
    shown = recorder.words(PICTURE.read_text())
    for command in recorder.COMMANDS:
        drawn = recorder.picture(recorder.typed(command))
        assert recorder.words(drawn) in shown


@pytest.mark.slow
def test_the_picture_is_up_to_date(warm: Warm) -> None:
    done = warm.python(str(ROOT / "docs" / "record.py"), "--check", folder=ROOT)
    assert done.returncode == 0, done.stderr
