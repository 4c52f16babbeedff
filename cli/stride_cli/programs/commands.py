"""Declare the command that tells programs how to go about."""

from typing import Annotated

import typer

commands = typer.Typer()


@commands.command("agent-info", epilog="Example:  stride agent-info --schema ls")
def agent_info(
    schema: Annotated[
        str | None,
        typer.Option(
            "--schema", metavar="COMMAND", help="The JSON Schema of what it prints with --json."
        ),
    ] = None,
) -> None:
    """Tell a program in one page how to start, follow, query and decide."""
    from stride_cli.programs import agent_info

    agent_info.run(schema)
