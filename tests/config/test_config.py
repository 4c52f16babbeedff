"""The package itself: what it exports, and what importing it costs."""

import subprocess
import sys

import pytest

import stride.config

LOADED = "import sys, {module}; print(' '.join(sys.modules))"
WORK = """
from stride.config import resolve_layers
resolved = resolve_layers(work_dir="w", overrides=["optimizer_kwargs.lr=1e-3", "seed=1"])
assert list(resolved.listing())
import sys; print(' '.join(sys.modules))
"""


def loaded_by(code: str) -> set[str]:
    """Run code in a fresh process and return the modules it loaded."""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(found.stdout.split())


def test_resolving_a_config_loads_neither_torch_nor_numpy() -> None:
    modules = loaded_by(WORK)
    assert "stride.config.schema" in modules
    assert not modules & {"torch", "numpy"}


@pytest.mark.parametrize("module", ["stride.config", "stride.config.metrics"])
def test_metric_names_do_not_load_pydantic(module: str) -> None:
    assert not loaded_by(LOADED.format(module=module)) & {"torch", "numpy", "pydantic"}


@pytest.mark.parametrize("name", stride.config.__all__)
def test_every_exported_name_is_there(name: str) -> None:
    assert getattr(stride.config, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Confog'"):
        stride.config.Confog  # noqa: B018
