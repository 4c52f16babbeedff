"""The source text of classes and functions."""

import importlib
import linecache
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stride.components.source import (
    difference,
    edited_file,
    module_digest,
    source_digest,
    source_of,
)

SCRIPT = """
from stride.components import import_path, source_of


class Net:
    def forward(self):
        return 1


def make():
    return Net()


print(import_path(Net))
print(source_of(Net), end="")
print(source_of(make), end="")
"""
# A notebook compiles each cell under a name of its own and keeps its text in linecache.
CELL = """
import linecache
from stride.components import source_of

text = "import os\\n\\n@(lambda one: one)\\nclass Net:\\n    a = 1\\n" \\
       "    def forward(self):\\n        return 1\\n\\nNet()\\n"
linecache.cache["<cell-1>"] = (len(text), None, text.splitlines(True), "<cell-1>")
exec(compile(text, "<cell-1>", "exec"))
del __file__
print(source_of(Net), end="")
bare = type("Bare", (), {"__module__": "__main__", "x": 1})
print(source_of(bare))
"""


def run(folder: Path, text: str) -> str:
    (folder / "script.py").write_text(text)
    command = [sys.executable, str(folder / "script.py")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_source_of_a_script_is_kept(tmp_path: Path) -> None:
    path, _, source = run(tmp_path, SCRIPT).partition("\n")
    assert path == "__main__:Net"
    assert source == (
        "class Net:\n    def forward(self):\n        return 1\ndef make():\n    return Net()\n"
    )


def test_the_source_of_a_notebooks_class_is_kept(tmp_path: Path) -> None:
    found = run(tmp_path, CELL)
    assert found.endswith("class Net:\n    a = 1\n    def forward(self):\n        return 1\nNone\n")
    assert found.startswith("@(lambda")


def cell(name: str, text: str) -> Any:
    """Define what a notebook's cell does, and return its class `Net`."""
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    scope: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(text, name, "exec"), scope)
    return scope["Net"]


NET = "class Net:\n    @property\n    def size(self):\n        return 1\n"


def test_a_class_is_known_by_where_it_stands_and_not_by_its_name() -> None:
    first, second = cell("<one>", NET), cell("<two>", NET.replace("return 1", "return 2"))
    assert source_of(first) == NET
    assert "return 2" in str(source_of(second))
    assert source_digest(first) != source_digest(second)
    later = cell("<both>", NET + NET.replace("return 1", "return 3"))
    assert "return 3" in str(source_of(later)) and "return 1" not in str(source_of(later))


def test_a_module_is_known_by_its_text() -> None:
    assert module_digest(__name__) != module_digest("stride.errors")
    assert module_digest("builtins") is None
    assert module_digest("not.imported") is None


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (NET, ""),
        ("# a comment\n" + NET.replace("return 1", "return (1)"), ""),
        (NET.replace("return 1", "return 2"), "line 4 was `return 1` and is `return 2`"),
        (NET + "    x = 1\n", "line 5 was not there and is `x = 1`"),
        ("%magic\n", "line 1 was `class Net:` and is `%magic`"),
    ],
)
def test_the_first_difference_is_told_and_layout_is_none(now: str, words: str) -> None:
    assert difference(NET, now) == words


MODULE = """
def decorated(function):
    return function

class Net:
    size = 1

    @decorated
    def forward(self):
        return self.size

def make():
    return Net()
"""


def test_a_file_that_was_edited_since_its_import_tells_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    file = tmp_path / "edited_nets.py"
    file.write_text(MODULE)
    made = importlib.import_module("edited_nets")
    monkeypatch.setitem(sys.modules, "edited_nets", made)
    assert not edited_file(made.Net) and not edited_file(made.make)
    file.write_text(MODULE.replace("return self.size", "return -self.size"))
    assert edited_file(made.Net) == str(file)
    assert source_of(made.Net) is None and source_digest(made.Net) is None
    file.write_text("class Net(\n")
    assert source_of(made.make) is None
    file.write_text(MODULE + "\nmore = 1\n")
    assert source_of(made.make) == "def make():\n    return Net()\n"
    assert not edited_file(int) and not edited_file(print)


def test_a_form_feed_ends_no_line(tmp_path, monkeypatch):
    own = 'class Net:\n    def f(self):\n        return "a\x0cb"\n'
    (tmp_path / "with_form_feed.py").write_text(f"\x0c\n{own}")
    monkeypatch.syspath_prepend(tmp_path)
    assert source_of(importlib.import_module("with_form_feed").Net) == own
