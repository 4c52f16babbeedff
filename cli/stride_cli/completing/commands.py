"""Declare the command that prints a shell's completion."""

from typing import Annotated

import typer

from stride_cli.completing.scripts import SHELLS

commands = typer.Typer()


@commands.command(epilog='Example:  eval "$(stride completion bash)"')
def completion(
    shell: Annotated[
        str,
        typer.Argument(
            metavar="SHELL", autocompletion=lambda: list(SHELLS), help="bash, zsh or fish."
        ),
    ],
) -> None:
    """Print what makes a shell complete commands, keys, values, runs and metrics."""
    from stride_cli.completing.scripts import script
    from stride_cli.output import say

    say(script(shell))
