"""Declare the commands that draw and report runs; each imports its own module when called."""

from typing import Annotated, Any

import typer

from stride_cli.completing.places import complete_names
from stride_cli.options import AsJson, Metrics, Run, RunsOrWorkDirs, Where

commands = typer.Typer()


@commands.command(epilog="Example:  stride plot work_dirs/demo -m val_loss --by lr -o curves.svg")
def plot(
    runs: RunsOrWorkDirs,
    metric: Metrics = None,
    where: Where = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="A,B",
            autocompletion=complete_names,
            help="A line for each value of these keys; run: for each run.",
        ),
    ] = None,
    x: Annotated[
        str,
        typer.Option(
            "--x",
            metavar="step|epoch|time|NAME",
            autocompletion=lambda: ["step", "epoch", "time"],
            help="What the horizontal axis counts; NAME: a metric recorded beside.",
        ),
    ] = "step",
    smooth: Annotated[
        float, typer.Option("--smooth", metavar="W", help="Weight of what came before, as .6.")
    ] = 0.0,
    log: Annotated[bool, typer.Option("--log", help="A logarithmic upright axis.")] = False,
    height: Annotated[
        int | None,
        typer.Option("--height", min=10, metavar="N", help="Lines of a plot in the terminal."),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write .svg, .html, .png, .pdf instead."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Draw how metrics of runs went: curves, over seeds their mean."""
    from stride_cli.looking import plot

    asked: dict[str, Any] = {"along": x, "smooth": smooth, "log": log}
    places = {"where": where, "by": by}
    plot.run(runs, metric or [], **places, drawn=asked, height=height, out=out, json=json)


@commands.command(epilog="Example:  stride report work_dirs/demo -o demo.html")
def report(
    runs: RunsOrWorkDirs,
    metric: Metrics = None,
    where: Where = None,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="PAGE", help="The page; W/report.html if absent."),
    ] = None,
) -> None:
    """Write one page about runs that can be sent: results, curves, settings, origin."""
    from stride_cli.looking import report

    report.run(runs, metric or [], where=where, out=out)


@commands.command(epilog="Example:  stride card work_dirs/demo/best -o card.md")
def card(
    run: Run,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write a new file instead of printing."),
    ] = None,
) -> None:
    """Write a model card of a run in Markdown, to be completed by its author."""
    from stride_cli.looking import card

    card.run(run, out)
