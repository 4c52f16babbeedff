"""Start a run from the root options."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer

from stride.visible import quoted
from stride_cli.errors import INTERRUPTED
from stride_cli.output import print_json, print_path, say, tell
from stride_cli.running.early import refuse_mistakes
from stride_cli.streams import excuse_stdout


def run(
    overrides: list[str],
    config_file: str | None,
    *,
    force: bool,
    dry_run: bool,
    trust: bool,
    budget: str | None = None,
) -> None:
    """Train, and print the path of the run's folder as the last line; or print the config only."""
    refuse_mistakes(overrides, config_file, budget)
    from stride.trainer import commands

    if dry_run:
        print_json(commands.dry_run(overrides, config_file, force=force, trust=trust))
        return
    with ending_with_folder() as ended:
        typed: dict[str, Any] = {"force": force, "trust": trust, "budget": budget}
        commands.start(overrides, config_file, **typed, ended=ended)


@contextmanager
def ending_with_folder() -> Iterator[Callable[[object], None]]:
    """Give what prints a run's folder; leave by a signal's exit code where one ended the run."""
    folders: list[object] = []

    def ended(folder: object) -> None:
        folders.append(folder)
        sys.stderr.flush()
        print_path(folder)
        excuse_stdout()

    try:
        yield ended
    except KeyboardInterrupt as error:  # typer would take any signal for Ctrl-C
        for folder in folders:
            tell(f"to go on, type: stride resume {quoted(folder)}")
        raise typer.Exit(getattr(error, "exit_code", INTERRUPTED)) from error


def refuse(options: Sequence[str], command: str) -> None:
    """Refuse options that start a run before a command which does not."""
    from stride.errors import UserError

    if options:
        hint = f"type `stride {command} --help` for its own options"
        raise UserError(f"{options[0]} starts a run and goes with no command", hint=hint)


def print_version() -> None:
    """Print the version of STRIDE."""
    from stride.version import __version__

    say(f"stride {__version__}")
