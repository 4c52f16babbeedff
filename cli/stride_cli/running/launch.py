"""`stride launch`."""

from pathlib import Path
from typing import Any

import typer

from stride_cli.output import print_path, say, tell
from stride_cli.running.early import refuse_mistakes


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
    refuse_mistakes(overrides, config_file)
    from stride.launch import launch
    from stride.launch.script import Resources

    asked = Resources(**resources)
    if dry_run:
        scripts = launch.dry_run(overrides, config_file, asked, array=array, trust=trust)
        say("\n".join(scripts).rstrip("\n"))
        return
    launched = launch.launch(overrides, config_file, asked, array=array, trust=trust)
    tell(f"submitted as job {launched.job}")
    if launched.note:
        tell(f"warning: {launched.note}")
    well = wait is None or _end_well(launched.runs, wait)
    for run in launched.runs:
        print_path(run)
    if not well:
        raise typer.Exit(1)


def _end_well(runs: list[Path], seconds: float) -> bool:
    from stride.launch.jobs import wait

    states = wait(runs, seconds)
    for run, state in states.items():
        tell(f"run {run.name} is {state}")
    return all(state == "done" for state in states.values())
