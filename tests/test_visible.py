import json
import re
from pathlib import Path

import pytest

from stride.visible import visible, visible_cell, visible_json

SHOWN = [
    ("ü 中 \U0001f469\u200d\U0001f4bb", "ü 中 \U0001f469\u200d\U0001f4bb"),  # a joiner is writing
    ("\x1b]0;t\x07", "\\x1b]0;t\\x07"),
    ("\x9b2J\x7f", "\\x9b2J\\x7f"),
    ("a\u202eb\u2066", "a\\u202eb\\u2066"),
    ("\u2028\udcff", "\\u2028\\udcff"),
    ("a\r\nb\t", "a\\r\\nb\\t"),
]


@pytest.mark.parametrize(("text", "shown"), SHOWN)
def test_what_a_terminal_would_obey_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert visible(shown) == shown


def test_lines_and_tabs_may_stay() -> None:
    assert visible("a\n\tb\r", lines=True) == "a\n\tb\\r"


def test_json_means_the_same() -> None:
    value = {"\x1b\x7f\x9b": ["\u202e", "\ud800", "ü"]}
    text = visible_json(json.dumps(value, ensure_ascii=False, indent=2))
    assert json.loads(text) == value
    assert visible(text, lines=True) == text and "ü" in text


@pytest.mark.parametrize("text", ["=1+1", "+A1", "-A1", "@SUM(1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert visible_cell(text) == "'" + visible(text, lines=True)


@pytest.mark.parametrize("text", ["-0.5", "+1e3", "-Infinity", "a=b", "'=1", ""])
def test_other_cells_stay_what_they_are(text: str) -> None:
    assert visible_cell(text) == text


def test_no_path_that_is_to_be_typed_stands_as_it_is() -> None:
    root = Path(__file__).parents[1]
    files = [file for name in ("stride", "cli") for file in (root / name).rglob("*.py")]
    command = re.compile(r"(?:stride [a-z]+(?: --?[a-z-]+)* |init_from=)\{([^}]+)\}")
    found = [(str(file), text) for file in files for text in command.findall(file.read_text())]
    assert len(found) > 20
    assert not [one for one in found if "quoted" not in one[1]]
