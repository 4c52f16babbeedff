"""Declare the command that sweeps; it imports its own modules when called."""

from typing import Annotated, Any

import typer

from stride_cli.completing.keys import complete_words
from stride_cli.completing.places import complete_metric, complete_sweep
from stride_cli.options import AsJson, ConfigFile, Mode, OneWorkDir, Overrides, Plan, Trust, Words
from stride_cli.sweeping.words import SeveralWords
from stride_cli.words import settings

commands = typer.Typer()


@commands.command(
    cls=SeveralWords,
    epilog="Example:  stride sweep work_dirs/demo --grid lr=1e-3,1e-2 --grid seed=0:3",
)
def sweep(
    work_dir: OneWorkDir,
    words: Words = None,
    grid: Annotated[
        list[str] | None,
        typer.Option(
            "--grid",
            metavar="KEY=V,V",
            autocompletion=complete_words,
            help="Try each of these values: lr=1e-3,1e-2 or seed=0:8; repeatable, all combined.",
        ),
    ] = None,
    search: Annotated[
        list[str] | None,
        typer.Option(
            "--search",
            metavar="KEY=DIM",
            autocompletion=complete_words,
            help="Search: lr=float(1e-5,1e-1,log), depth=int(1,6), x=choice(A,B); repeatable.",
        ),
    ] = None,
    lr_sweep: Annotated[
        list[str] | None,
        typer.Option("--lr-sweep", metavar="V", help="Short for --grid lr=V,V: 1e-4 1e-3."),
    ] = None,
    wd_sweep: Annotated[
        list[str] | None,
        typer.Option("--wd-sweep", metavar="V", help="Short for --grid weight_decay=V,V."),
    ] = None,
    file: Annotated[
        list[str] | None,
        typer.Option(
            "--file",
            metavar="FILE",
            help="A sweep in TOML, JSON or YAML; or the template's run.yaml optimize.yaml.",
        ),
    ] = None,
    runs: Annotated[
        str | None,
        typer.Option("--runs", metavar="FILE", help='Runs: [{"run": NAME, "config": {...}}].'),
    ] = None,
    config: Overrides = None,
    config_file: ConfigFile = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            metavar="NAME",
            autocompletion=complete_sweep,
            help="Of the sweep; grid, list or search if absent.",
        ),
    ] = None,
    trials: Annotated[
        int | None, typer.Option("--trials", min=1, metavar="N", help="Trials at most.")
    ] = None,
    sampler: Annotated[
        str | None,
        typer.Option(
            "--sampler", metavar="S", help="tpe, random, qmc, gp, ... or 'tpe(multivariate=true)'."
        ),
    ] = None,
    pruner: Annotated[
        str | None,
        typer.Option(
            "--pruner", metavar="P", help="nop, median, pfl, ... or 'median(n_warmup_steps=3)'."
        ),
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option("--seeds", metavar="K", help="Seeds for each trial: how many, or 0:8 or 1,5."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, metavar="N", help="Seed of the search itself.")
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            "--metric",
            "-m",
            metavar="M",
            autocompletion=complete_metric,
            help="What is best by; the monitored if absent.",
        ),
    ] = None,
    mode: Mode = None,
    workers: Annotated[
        int,
        typer.Option(
            "--workers",
            min=0,
            metavar="N",
            help="Processes that train; 0: none, others are to join with --resume.",
        ),
    ] = 1,
    pack: Annotated[
        str,
        typer.Option(
            "--pack",
            metavar="auto|off|N",
            help="Train trials that are alike as one stack, N at most; auto: where it is faster.",
        ),
    ] = "auto",
    storage: Annotated[
        str | None,
        typer.Option("--storage", metavar="URL", help="A database in place of W's own file."),
    ] = None,
    stop_on_error: Annotated[
        bool, typer.Option("--stop-on-error", help="End at the first trial that fails.")
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Train trials again that have failed.")
    ] = False,
    plan: Plan = False,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with a sweep, or join it, from any terminal or host."),
    ] = False,
    report: Annotated[
        bool, typer.Option("--report", help="Say what came out: the best, a table, what mattered.")
    ] = False,
    plots: Annotated[
        bool, typer.Option("--plots", help="With --report: draw plots in the sweep's folder.")
    ] = False,
    html: Annotated[
        bool, typer.Option("--html", help="With --report: write one page that holds all of it.")
    ] = False,
    trust: Trust = False,
    json: AsJson = False,
) -> None:
    """Train one run for each of many overrides, and name the best; type it again to go on."""
    from stride.config.pack import read_pack
    from stride_cli.sweeping import sweep
    from stride_cli.sweeping.asked import Files

    how = sweep.How(
        workers, storage, read_pack(pack), retry_failed=retry_failed, trust=trust, json=json
    )
    asked: dict[str, Any] = {
        "overrides": settings(words, config),
        "grid": grid,
        "search": search,
        "lr_sweep": lr_sweep,
        "wd_sweep": wd_sweep,
        "sampler": sampler,
        "pruner": pruner,
        "seeds": seeds,
        "trials": trials,
        "seed": seed,
        "metric": metric,
        "mode": mode,
        "stop_on_error": stop_on_error or None,
    }
    given = {name: value for name, value in asked.items() if value not in (None, [])}
    others: dict[str, Any] = {
        "file": file,
        "runs": runs,
        "config_file": config_file,
        "storage": storage,
    }
    others |= {"retry_failed": retry_failed, "plan": plan}
    if report and not resume:
        from stride_cli.sweeping.report import print_report

        sweep.refuse_beside("report", given | others)
        print_report(work_dir, name, plots=plots, html=html, json=json)
        return
    sweep.refuse_parts_of_report({"report": report, "plots": plots, "html": html})
    if resume:
        sweep.refuse_beside("resume", given | others)
        sweep.resume(work_dir, name, how)
    else:
        files = Files(file or [], runs, config_file)
        sweep.run(work_dir, given, files, name, how, plan=plan)
