"""Import paths, and the user's mistakes in them and behind them."""

import io
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from stride.components.imports import load
from stride.errors import ComponentError, MissingExtra


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder, with the modules and the path put back afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [one for one in sys.path if one])
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    return tmp_path


def test_a_module_in_the_current_folder_is_found(folder: Path) -> None:
    (folder / "my_nets.py").write_text("class Net:\n    class Inner: ...\n")
    assert load("my_nets:Net").__name__ == "Net"
    assert load("my_nets:Net.Inner").__name__ == "Inner"
    assert sys.path.count(str(folder)) == 1
    assert sys.path[-1] == str(folder)


def test_a_folder_already_on_the_path_keeps_its_place(folder: Path) -> None:
    sys.path.append(str(folder))
    load("os:getcwd")
    assert sys.path.count(str(folder)) == 1
    assert sys.path[-1] == str(folder)


def test_no_file_of_the_current_folder_is_taken_for_an_installed_module(folder: Path) -> None:
    (folder / "this.py").write_text("raise SystemExit('run')\n")
    with redirect_stdout(io.StringIO()):
        assert load("this:c") == 97


@pytest.mark.parametrize("path", ["os", "os:", ":x", "a:b:c", "a b:c", "os:x-y", "a/b.py:Net"])
def test_a_malformed_path_is_refused(path: str) -> None:
    with pytest.raises(ComponentError, match=r"not an import path; write it as package\.module:"):
        load(path)


def test_a_missing_module_names_the_nearest(folder: Path) -> None:
    (folder / "my_nets.py").write_text("")
    with pytest.raises(ComponentError, match=r"no module 'my_net' .*did you mean 'my_nets'"):
        load("my_net:Net")
    with pytest.raises(ComponentError, match=f"no module 'zzz' .*looked in {folder}"):
        load("zzz.deep:Net")


def test_a_missing_submodule_names_the_nearest(folder: Path) -> None:
    (folder / "my_package").mkdir()
    (folder / "my_package" / "nets.py").write_text("")
    with pytest.raises(ComponentError, match=r"'my_package\.net' .*mean 'my_package\.nets'"):
        load("my_package.net:Net")


def test_a_missing_attribute_names_the_nearest(folder: Path) -> None:
    (folder / "my_nets.py").write_text("class Net: ...\n")
    with pytest.raises(ComponentError, match=r"'my_nets' has no 'Nett' .*my_nets\.py.* 'Net'"):
        load("my_nets:Nett")


def test_a_module_that_raises_gives_its_line_and_keeps_the_cause(folder: Path) -> None:
    (folder / "my_nets.py").write_text("x = 1\n\nint('ten')\n")
    with pytest.raises(ComponentError, match=r"'my_nets' failed: ValueError.*my_nets\.py:3") as e:
        load("my_nets:Net")
    assert isinstance(e.value.__cause__, ValueError)


def test_a_syntax_error_gives_its_line(folder: Path) -> None:
    (folder / "my_nets.py").write_text("x = 1\nclass\n")
    with pytest.raises(ComponentError, match=r"SyntaxError.*my_nets\.py:2"):
        load("my_nets:Net")


def test_a_script_that_exits_does_not_take_us_along(folder: Path) -> None:
    (folder / "my_script.py").write_text("raise SystemExit(3)\n")
    with pytest.raises(ComponentError, match="SystemExit: 3"):
        load("my_script:Net")


def test_a_module_that_imports_a_missing_package_says_which(folder: Path) -> None:
    (folder / "my_nets.py").write_text("import os\nimport not_there.at_all\n")
    message = r"'my_nets' imports 'not_there', which is not installed .*my_nets\.py:2"
    with pytest.raises(ComponentError, match=message) as caught:
        load("my_nets:Net")
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_a_missing_extra_passes_as_it_is(folder: Path) -> None:
    text = "from stride.errors import MissingExtra\nraise MissingExtra('wandb', 'wandb')\n"
    (folder / "my_logger.py").write_text(text)
    with pytest.raises(MissingExtra):
        load("my_logger:Logger")


def test_a_class_of_another_program_says_from_where_to_go_on() -> None:
    with pytest.raises(ComponentError, match=r"'MyNet' was defined in a notebook.*resume="):
        load("__main__:MyNet")
