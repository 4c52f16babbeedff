"""The map of packages is complete, in the order of the layers, and says what each package says."""

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
ROWS = dict(re.findall(r"^\| `([\w.]+)` \| (.*) \|$", PAGE, re.MULTILINE))


def test_each_package_stands_there_with_its_own_sentence() -> None:
    inits = [*ROOT.glob("stride/**/__init__.py"), *ROOT.glob("cli/stride_cli/**/__init__.py")]
    said = {
        ".".join(init.parent.relative_to(ROOT).parts).removeprefix("cli."): init for init in inits
    }
    del said["stride"]
    for name, init in said.items():
        words = ast.get_docstring(ast.parse(init.read_text()))
        assert words and ROWS[name] == words.splitlines()[0], name
    own = ("durations", "errors", "figures", "log", "periodic", "visible", "installed")
    modules = {f"stride.{name}" for name in own}
    assert set(ROWS) - set(said) == modules


def test_the_packages_stand_in_the_order_of_the_layers() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contract = config["tool"]["importlinter"]["contracts"][0]
    layers = [name for line in contract["layers"] for name in line.split(" : ")]
    shown = [name.removeprefix("stride.") for name in ROWS if re.fullmatch(r"stride\.\w+", name)]
    assert shown == [name for name in layers if name not in ("moved", "version")]
