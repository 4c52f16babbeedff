"""What is shipped: exactly the two packages, with their data files."""

import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Build the wheel without the network."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(folder)]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert found.returncode == 0, found.stdout + found.stderr
    (file,) = folder.glob("*.whl")
    return zipfile.ZipFile(file)


def test_the_wheel_ships_exactly_two_packages(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"stride", "stride_cli"}


def test_the_wheel_holds_every_file_of_the_source(wheel: zipfile.ZipFile) -> None:
    source = {path for path in (ROOT / "stride").rglob("*") if path.is_file()}
    source = {path for path in source if "__pycache__" not in path.parts}
    wanted = {path.relative_to(ROOT).as_posix() for path in source}
    assert wanted <= set(wheel.namelist())
    assert "stride/py.typed" in wanted


def test_the_console_script(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "stride = stride_cli.app:main" in wheel.read(name).decode()


def test_the_distribution_has_its_own_name(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith("METADATA"))
    assert Parser().parsestr(wheel.read(name).decode())["Name"] == "stride-trainer"


def test_the_constraints_pin_every_version() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert "torch==2.13.0" in pins
    assert all(pin.count("==") == 1 for pin in pins)


def test_the_environment_holds_what_the_constraints_pin() -> None:
    from importlib.metadata import requires, version

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if "==" in line)
    pinned = {canonicalize_name(name): number for name, number in pins.items()}
    declared = [Requirement(text) for text in requires("stride-trainer") or []]
    needed = {r.name for r in declared if r.marker is None and r.name != "stride-trainer"}
    for name in needed:
        assert version(name).split("+")[0] == pinned[canonicalize_name(name)], name
