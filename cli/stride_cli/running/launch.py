"""`stride launch`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from stride_cli.output import print_path, say, tell
from stride_cli.running.early import refuse_mistakes

if TYPE_CHECKING:
    from stride.launch.launch import LaunchResult


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
    _tell(launched)
    well = wait is None or _end_well(launched.runs, wait)
    for run in launched.runs:
        print_path(run)
    if not well:
        raise typer.Exit(1)


def refuse_beside_sweep(given: Mapping[str, Any]) -> None:
    """Refuse options that are of a run, where a sweep is launched.

    Args:
        given: option -> what was typed.

    Raises:
        UserError: something was.
    """
    from stride.errors import UserError

    for option, value in given.items():
        if value is not None:
            what = f"{option} is of a run, and a sweep is launched as it is"
            raise UserError(what, hint="leave it out: what a sweep is, is typed to `stride sweep`")


def run_sweep(
    work_dir: str | None,
    name: str,
    *,
    array: int | None,
    dry_run: bool,
    trust: bool,
    **resources: Any,
) -> None:
    """Queue workers of a sweep, and print the job's folder; or print the script only."""
    from stride.errors import UserError
    from stride.sweeps.following.found import find_sweep

    if work_dir is None:
        raise UserError("no work_dir is given", hint=f"type: stride launch -w W --sweep {name}")
    paths = find_sweep(Path(work_dir), name)

    from stride.launch.script import Resources
    from stride.launch.sweep import dry_run_sweep, launch_sweep

    asked = Resources(**resources)
    if dry_run:
        say(dry_run_sweep(paths, asked, array=array, trust=trust).rstrip("\n"))
        return
    launched = launch_sweep(paths, asked, array=array, trust=trust)
    _tell(launched)
    print_path(launched.runs[0])


def _tell(launched: "LaunchResult") -> None:
    tell(f"submitted as job {launched.job}")
    if launched.note:
        tell(f"warning: {launched.note}")


def _end_well(runs: list[Path], seconds: float) -> bool:
    from stride.launch.jobs import wait

    states = wait(runs, seconds)
    for run, state in states.items():
        tell(f"run {run.name} is {state}")
    return all(state == "done" for state in states.values())
