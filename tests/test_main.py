"""`python -m stride`, in a folder of somebody else's files."""

import os
import subprocess
import sys
from pathlib import Path

# Of Python what it has not imported itself, by the time when it looks for the program.
SHADOWS = ("typing", "json", "logging", "typer", "pydantic", "rich", "torch", "numpy", "stride_cli")


def test_no_file_of_the_current_folder_is_taken_for_an_installed_module(tmp_path: Path) -> None:
    for name in SHADOWS:
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name} was run')\n")
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "-m", "stride", "config", "--config", "work_dir=W"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "work_dir" in done.stdout
