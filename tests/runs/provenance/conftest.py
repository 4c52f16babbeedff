"""A repository whose own config names programs for git to run."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

HOOKS = ("post-checkout", "post-index-change", "reference-transaction", "pre-commit")
CONFIG = {
    "core.fsmonitor": "fsmonitor",
    "filter.evil.clean": "clean",
    "filter.evil.smudge": "smudge",
    "filter.evil.required": "true",
    "filter.proc.process": "process",
    "diff.evil.textconv": "textconv",
    "diff.evil.command": "diff",
}


@pytest.fixture
def traps(tmp_path: Path) -> Callable[[Path], Callable[[], list[str]]]:
    """Return a function that fills a repository with programs, and returns one that names the run.

    Each passes its input on, as a filter does.
    """
    noted = tmp_path / "noted"

    def program(name: str) -> Path:
        path = tmp_path / f"trap-{name}"
        path.write_text(f"#!/bin/sh\necho {name} >> {noted}\ncat\n")
        path.chmod(0o755)
        return path

    def fill(repository: Path) -> Callable[[], list[str]]:
        git = ["git", "-C", str(repository)]
        folder = subprocess.check_output([*git, "rev-parse", "--absolute-git-dir"], text=True)
        hooks = Path(folder.strip(), "hooks")
        hooks.mkdir(exist_ok=True)
        for name in HOOKS:
            (hooks / name).unlink(missing_ok=True)
            (hooks / name).symlink_to(program(name))
        for key, name in CONFIG.items():
            value = name if name == "true" else str(program(name))
            subprocess.run([*git, "config", key, value], check=True)
        return lambda: noted.read_text().split() if noted.exists() else []

    return fill
