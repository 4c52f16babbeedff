"""Declare the commands of the exchange with other tools; each imports its module when called."""

from typing import Annotated

import typer

from stride_cli.completing.places import complete_work_dir
from stride_cli.options import AsJson, Mode, RunsOrWorkDirs, Where

commands = typer.Typer()

TOOLS = ("tensorboard", "wandb", "csv", "parquet")


def _complete_tool(incomplete: str) -> list[str]:
    return [tool for tool in TOOLS if tool.startswith(incomplete)]


@commands.command(epilog="Example:  stride export work_dirs/demo --to tensorboard")
def export(
    runs: RunsOrWorkDirs,
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


SOURCES = ("tensorboard", "lightning", "wandb")


def _complete_source(incomplete: str) -> list[str]:
    return [tool for tool in SOURCES if tool.startswith(incomplete)]


@commands.command("import", epilog="Example:  stride import lightning_logs -w work_dirs/demo")
def import_(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE...", help="Folders of one run or of many, or files."),
    ],
    work_dir: Annotated[
        str,
        typer.Option(
            "--work-dir",
            "-w",
            metavar="W",
            autocompletion=complete_work_dir,
            help="The work_dir that gets the runs.",
        ),
    ],
    tool: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TOOL",
            autocompletion=_complete_source,
            help=f"Only runs of {', '.join(SOURCES)}; by default all that are found.",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--run", metavar="NAME", help="The name of a single run.")
    ] = None,
    monitor: Annotated[
        str | None,
        typer.Option(
            "--monitor", metavar="NAME", help="The metric that says where each run was best."
        ),
    ] = None,
    mode: Mode = None,
    again: Annotated[
        bool, typer.Option("--again", help="Import also what is there already, once more.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Bring runs of TensorBoard, Lightning and W&B into a work_dir, to be read and compared."""
    from stride_cli.exchanging import import_

    import_.run(
        sources, work_dir, tool, name=name, monitor=monitor, mode=mode, again=again, json=json
    )
