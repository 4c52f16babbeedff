"""`stride launch`."""

import sys
from pathlib import Path
from typing import Any

import typer


def run(
    overrides: list[str],
    config_file: str | None,
    *,
    array: int | None,
    wait: float | None,
    dry_run: bool,
    trust: bool,
    **resources: Any,
) -> None:
    """Queue a run, or several, and print the folders; or print the scripts only."""
    from stride.launch import launch
    from stride.launch.script import Resources

    asked = Resources(**resources)
    if dry_run:
        scripts = launch.dry_run(overrides, config_file, asked, array=array, trust=trust)
        print("\n".join(scripts), end="")
        return
    launched = launch.launch(overrides, config_file, asked, array=array, trust=trust)
    print(f"submitted as job {launched.job}", file=sys.stderr)
    if launched.note:
        print(f"warning: {launched.note}", file=sys.stderr)
    well = wait is None or _end_well(launched.runs, wait)
    print("\n".join(map(str, launched.runs)), flush=True)
    if not well:
        raise typer.Exit(1)


def _end_well(runs: list[Path], seconds: float) -> bool:
    from stride.launch.jobs import wait

    states = wait(runs, seconds)
    for run, state in states.items():
        print(f"run {run.name} is {state}", file=sys.stderr)
    return all(state == "done" for state in states.values())
