"""What is written down about a class so that it is found again."""

import subprocess
import sys
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from numpy import ndarray
from torch import Tensor

from stride.components.find import find
from stride.components.identity import import_path, is_user_code, is_user_module
from stride.errors import ComponentError


class Outer:
    class Inner: ...


@pytest.mark.parametrize("obj", [Path, subprocess.run, Path.as_posix])
def test_a_path_leads_back(obj: Any) -> None:
    assert find("transform", import_path(obj)) is obj


def test_an_inner_class_has_a_dotted_path() -> None:
    assert import_path(Outer.Inner).endswith(":Outer.Inner")


@pytest.mark.parametrize("obj", [lambda: 1, partial(print), 3])
def test_what_no_path_leads_to_is_refused(obj: Any) -> None:
    with pytest.raises(ComponentError, match="cannot be found by an import path"):
        import_path(obj)


@pytest.mark.parametrize(
    ("obj", "own"),
    [
        *((Path, False), (pytest.Item, False), (int, False), (find, False), (Outer, True)),
        *((Tensor, False), (ndarray, False)),
    ],
)
def test_the_users_own_is_told_from_what_is_installed(obj: Any, own: bool) -> None:
    assert is_user_code(obj) is own


def test_a_module_without_a_file_is_the_users_and_a_package_of_another_prefix_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert is_user_module("__main__") and is_user_module("not_imported")
    assert not is_user_module("json.decoder") and not is_user_module("torch._C._nn")
    module = ModuleType("mine")
    monkeypatch.setitem(sys.modules, "mine", module)
    assert is_user_module("mine")  # as one that a notebook has made
    for place, own in (
        ("/home/me/project/mine.py", True),
        ("/home/me/.local/lib/python3.11/site-packages/mine.py", False),
        ("/usr/lib/python3/dist-packages/mine.py", False),
    ):
        module.__file__ = place
        assert is_user_module("mine") is own, place
