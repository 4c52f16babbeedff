"""Parameters are read from a constructor's source; of what they cannot tell nothing is said."""

import sys
from pathlib import Path

import pytest

from stride.components import find, parameters
from stride.components.imports import load
from stride.config.names.built_in import BUILT_IN, LOADER, TORCH, possible_paths
from stride.config.names.outline import UNKNOWN, Outline, outline, public_names

KINDS = ("dataset", "model", "criterion", "optimizer", "scheduler")


def torch_names(kind: str) -> list[str]:
    """Return the names of torch's classes of a kind; of networks none, which are mere layers."""
    module = __import__(TORCH[kind], fromlist=["*"]) if kind in TORCH and kind != "model" else None
    listed = getattr(module, "__all__", [])
    return [name for name in listed if isinstance(getattr(module, name), type)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_source_of_whatever_has_a_name_tells_what_its_signature_does(kind: str) -> None:
    base = {"optimizer": "Optimizer", "scheduler": "LRScheduler"}.get(kind)
    names = [*BUILT_IN[kind], *(name for name in torch_names(kind) if name != base)]
    assert names
    for name in names:
        (path,) = possible_paths(kind, name)
        told = parameters(find(kind, name))
        found = outline(path)
        assert found[:2] == (tuple(told.named), told.others), name
        for key, value in found.defaults.items():
            default = told.named[key].default
            assert value == (list(default) if isinstance(default, tuple) else default), name


def test_the_source_of_the_loader_tells_what_its_signature_does() -> None:
    assert outline(LOADER).names == tuple(parameters(load(LOADER)).named)


@pytest.mark.parametrize("kind", ["criterion", "optimizer", "scheduler"])
def test_the_names_that_a_module_lists_are_found(kind: str) -> None:
    names = public_names(TORCH[kind])
    assert {*names} == {*torch_names(kind)} - {"Optimizer", "LRScheduler"}
    assert all(callable(find(kind, name)) for name in names)


SOURCE = """
import functools
from elsewhere import Far, gone
from . import beside

class Own:
    def __init__(self, width, /, depth, *, rate=0.1, **others): ...

class Child(Own):
    pass

class Deep(Far): ...

class Two(Own, Far): ...

class Made:
    def __new__(cls, width): ...
    def __init__(self, depth): ...

@functools.cache
class Decorated:
    def __init__(self, width): ...

def function(width, *depths, rate): ...

def function_again(width): ...
def function_again(depth): ...

Alias = Own
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "elsewhere.py").write_text("class Far:\n    def __init__(self, distance): ...\n")
    (tmp_path / "nets_to_read.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "nets_to_read.py"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Own", Outline(("depth", "rate"), True, {"rate": 0.1})),
        ("Child", Outline(("depth", "rate"), True, {"rate": 0.1})),
        ("Deep", Outline(("distance",), False)),
        ("Far", Outline(("distance",), False)),
        ("function", Outline(("width", "rate"), False)),
        *((name, UNKNOWN) for name in ("Two", "Made", "Decorated", "function_again", "Alias")),
        *((name, UNKNOWN) for name in ("gone", "beside", "nothing", "a.b", "")),
    ],
)
def test_what_is_plainly_written_is_told(module: Path, name: str, told: Outline) -> None:
    assert outline(f"nets_to_read:{name}") == told
    assert "nets_to_read" not in sys.modules


def test_a_file_that_was_edited_is_read_again(module: Path) -> None:
    before = outline("elsewhere:Far")
    module.with_name("elsewhere.py").write_text("def Far(nearness): ...\n")
    assert (before.names, outline("elsewhere:Far").names) == (("distance",), ("nearness",))


@pytest.mark.parametrize("text", ["def x(:\n", "\0", "from nowhere import Net"])
def test_of_a_file_that_cannot_be_read_nothing_is_known(module: Path, text: str) -> None:
    module.write_text(text)
    assert outline("nets_to_read:Net") == UNKNOWN
    assert outline("no_such_module:Net") == UNKNOWN
