"""Folders in which things are found: few modules in each, a sentence on the door, tests alike."""

import ast
from pathlib import Path

import pytest

import stride

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(
    {file.parent for place in ("stride", "cli/stride_cli") for file in (ROOT / place).rglob("*.py")}
)
MOST = 18


def modules(folder: Path) -> list[Path]:
    return [file for file in folder.glob("*.py") if file.name != "__init__.py"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_a_folder_has_few_modules_and_says_what_lives_there(folder: Path) -> None:
    assert len(modules(folder)) <= MOST
    words = ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
    assert words and words.splitlines()[0].endswith(".")


def test_whatever_a_test_starts_ends_with_it() -> None:
    """A child that a failed test leaves behind makes another one fail: `popen` ends them all."""
    by_hand = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in sorted(ROOT.glob("tests/**/test_*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Popen", "subprocess.Popen")
    ]
    assert by_hand == []


def test_no_package_is_named_like_a_public_function() -> None:
    later = {"open_runs", "run_benchmark"}  # names that are promised
    packages = {folder.name for folder in FOLDERS if folder.parent == ROOT / "stride"}
    assert packages.isdisjoint({*stride.__all__, *later})


def test_every_test_lies_where_what_it_tests_does() -> None:
    """A test file's folder is one of `stride`, of `stride_cli`, or of the few that have no twin."""
    own = {"architecture", "benchmarks", "contracts", "docs", "examples", "integration", "mutants"}
    folders = {file.parent.relative_to(ROOT / "tests") for file in ROOT.glob("tests/**/test_*.py")}
    mirrored = [one for one in folders if one.parts and one.parts[0] not in own]
    twins = [ROOT / ("cli" if one.parts[0] == "stride_cli" else "stride") / one for one in mirrored]
    assert [str(twin) for twin in twins if not (twin / "__init__.py").is_file()] == []
