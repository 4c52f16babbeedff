"""Declare the command that gives labels; each imports its own module when called."""

from typing import Annotated, Any

import typer

from stride_cli.options import AsJson, DataRoot, Run, Trust

commands = typer.Typer()


@commands.command(epilog="Example:  stride label work_dirs/al/latest --page")
def label(
    run: Run,
    page: Annotated[
        bool, typer.Option("--page", help="On a page in the browser, on this machine.")
    ] = False,
    no_resume: Annotated[
        bool, typer.Option("--no-resume", help="Take labels only; do not resume the run.")
    ] = False,
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="NAME", help="Who labels; the user's name if absent."),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="Print whose labels are wanted and which are missing.")
    ] = False,
    json: AsJson = False,
    data_root: DataRoot = None,
    trust: Trust = False,
) -> None:
    """Give the labels that a run waits for; with the last one it is resumed."""
    from stride_cli.labelling import label

    options: dict[str, Any] = {"page": page, "resume": not no_resume, "by": by}
    label.run(run, **options, listed=listed, json=json, data_root=data_root, trust=trust)
