"""What is written down about a class."""

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from stride.components.find import find
from stride.components.identity import import_path, source_of
from stride.errors import ComponentError

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


class Outer:
    class Inner: ...


def run(folder: Path, text: str) -> str:
    (folder / "script.py").write_text(text)
    command = [sys.executable, str(folder / "script.py")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("obj", [Path, subprocess.run, Path.as_posix])
def test_a_path_leads_back(obj: Any) -> None:
    assert find("transform", import_path(obj)) is obj


def test_an_inner_class_has_a_dotted_path() -> None:
    assert import_path(Outer.Inner).endswith(":Outer.Inner")


@pytest.mark.parametrize("obj", [lambda: 1, partial(print), 3])
def test_what_no_path_leads_to_is_refused(obj: Any) -> None:
    with pytest.raises(ComponentError, match="cannot be found by an import path"):
        import_path(obj)


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


def test_an_importable_class_needs_no_source() -> None:
    assert source_of(Path) is None
