"""Declare the commands of the exchange with other tools; each imports its module when called."""

from typing import Annotated

import typer

from stride_cli.completing.places import complete_run
from stride_cli.options import AsJson, Where

commands = typer.Typer()

TOOLS = ("tensorboard", "wandb", "csv", "parquet")


def _complete_tool(incomplete: str) -> list[str]:
    return [tool for tool in TOOLS if tool.startswith(incomplete)]


@commands.command(epilog="Example:  stride export work_dirs/demo --to tensorboard")
def export(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN|W...", autocompletion=complete_run, help="Runs, or whole work_dirs."
        ),
    ],
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="TOOL",
            autocompletion=_complete_tool,
            help=f"What is to read them: {', '.join(TOOLS)}.",
        ),
    ],
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="FOLDER", help="Where to; W-TOOL if absent."),
    ] = None,
    where: Where = None,
    all_runs: Annotated[
        bool, typer.Option("--all", help="Runs that have not ended too, as far as they are.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Write runs as another tool reads them, every number bit for bit."""
    from stride_cli.exchanging import export

    export.run(runs, to, out, where, all_runs=all_runs, json=json)
