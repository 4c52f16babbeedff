"""Claiming, finding and reading runs must start fast: no pydantic, torch, numpy or rich."""

import subprocess
import sys

import pytest

HEAVY = {"pydantic", "torch", "numpy", "rich", "filelock", "subprocess"}
LIGHT = ["work_dir", "layout", "run_names", "status", "process"]
LIGHT += [f"files.{name}" for name in ("atomic", "jsonl", "encoding", "durable", "filesystem")]


@pytest.mark.parametrize("module", LIGHT)
def test_a_module_loads_nothing_heavy(module: str) -> None:
    code = f"import stride.runs.{module}, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert HEAVY.isdisjoint(loaded)
    assert f"stride.runs.{module}" in loaded


def test_a_claim_loads_the_lock_only(tmp_path: object) -> None:
    code = (
        "import sys\n"
        "from stride.runs.work_dir import WorkDir\n"
        "WorkDir(sys.argv[1]).claim()\n"
        "print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    ).stdout.split()
    assert (HEAVY - {"filelock", "subprocess"}).isdisjoint(loaded)


def test_only_the_records_import_pydantic() -> None:
    from pathlib import Path

    import stride.runs

    folder = Path(stride.runs.__file__).parent
    users = {file for file in folder.rglob("*.py") if "pydantic" in _imports(file.read_text())}
    assert {file.parent for file in users} == {folder / "records"}


def _imports(source: str) -> set[str]:
    import ast

    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
        elif isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
    return found
