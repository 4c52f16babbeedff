"""Declare the command of benchmarks; it imports its own modules when called."""

from typing import Annotated, Any

import typer

from stride_cli.completing.places import complete_run
from stride_cli.options import (
    AsCsv,
    AsJson,
    AsLatex,
    AsMarkdown,
    ConfigFile,
    Metrics,
    Mode,
    OneWorkDir,
    Overrides,
    Plan,
    Trust,
    Where,
    Words,
)
from stride_cli.words import settings

commands = typer.Typer()


@commands.command(epilog="Example:  stride benchmark W --models FeedForwardAE --datasets sines")
def benchmark(
    work_dir: OneWorkDir,
    words: Words = None,
    models: Annotated[
        str | None,
        typer.Option("--models", metavar="A,B", help="Models: names, or 'NAME(KEY=VALUE)'."),
    ] = None,
    baselines: Annotated[
        str | None,
        typer.Option(
            "--baselines", metavar="A,B", help="Models that key=value is not meant for: LOF,KNN."
        ),
    ] = None,
    datasets: Annotated[
        str | None,
        typer.Option("--datasets", metavar="X,Y", help="Data sets: names, or 'NAME(KEY=VALUE)'."),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option("--file", metavar="FILE", help="Models and data sets in TOML, JSON or YAML."),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option("--epochs", min=1, metavar="N", help="Short for epochs=N.")
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option("--seeds", metavar="K", help="Seeds for each cell: how many, or 0:8 or 1,5."),
    ] = None,
    config: Overrides = None,
    config_file: ConfigFile = None,
    workers: Annotated[
        int,
        typer.Option(
            "--workers", min=0, metavar="N", help="Processes that train; 0: none, others join."
        ),
    ] = 1,
    pack: Annotated[
        str,
        typer.Option(
            "--pack",
            metavar="auto|off|N",
            help="Train runs that are alike as one stack, N at most.",
        ),
    ] = "auto",
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Train cells again that have failed.")
    ] = False,
    plan: Plan = False,
    metric: Metrics = None,
    mode: Mode = None,
    where: Where = None,
    trust: Trust = False,
    json: AsJson = False,
    csv: AsCsv = False,
    md: AsMarkdown = False,
    latex: AsLatex = False,
) -> None:
    """Train models on data sets and print the table; without --models that of what is there."""
    from functools import partial

    from stride_cli.benchmarking.table import print_results, refuse_mistyped
    from stride_cli.output import form_of

    form = form_of(json=json, csv=csv, md=md, latex=latex)
    refuse_mistyped(mode, where)
    print_table = partial(print_results, work_dir, metric or [], where=where, mode=mode, form=form)
    typed = settings(words, config) + ([] if epochs is None else [f"epochs={epochs}"])
    asked: dict[str, Any] = {"models": models, "baselines": baselines, "datasets": datasets}
    asked |= {"overrides": typed, "seeds": seeds}
    asked = {name: one for name, one in asked.items() if one}
    if not (models or baselines or datasets or file):
        from stride_cli.benchmarking.table import refuse_alone

        others: dict[str, Any] = {"config_file": config_file, "workers": workers != 1}
        others |= {"pack": pack != "auto", "retry_failed": retry_failed}
        refuse_alone({"epochs": epochs} | asked | others | {"plan": plan, "trust": trust})
        print_table()
        return
    from stride.config.pack import read_pack
    from stride_cli.benchmarking.benchmark import read_asked, run
    from stride_cli.sweeping.sweep import How

    how = How(workers, pack=read_pack(pack), retry_failed=retry_failed, trust=trust, json=json)
    run(read_asked(work_dir, asked, file, config_file), how, print_table, plan=plan)


@commands.command(epilog="Example:  stride overview work_dirs/b/0")
def overview(
    place: Annotated[
        str,
        typer.Argument(
            metavar="PLACE",
            autocompletion=complete_run,
            help="A run, W/3 or W/best, or a whole work_dir.",
        ),
    ],
) -> None:
    """Draw a reconstruction run or a whole benchmark: pictures, and one page of all of them."""
    from stride_cli.benchmarking import overview

    overview.run(place)
