"""Declare the commands that decide; each imports its own module when called."""

from typing import Annotated

import typer

from stride_cli.completing.places import complete_metric, complete_work_dir
from stride_cli.options import AsCsv, AsJson, AsLatex, AsMarkdown, Metrics, Mode, Trust, Where

commands = typer.Typer()

Over = Annotated[
    str | None,
    typer.Option("--over", metavar="A,B", help="Keys in which repetitions differ; seed if absent."),
]


@commands.command(epilog="Example:  stride stats work_dirs/demo -m test/accuracy")
def stats(
    places: Annotated[
        list[str],
        typer.Argument(
            metavar="W...",
            autocompletion=complete_work_dir,
            help="Work_dirs, folders above some, or runs.",
        ),
    ],
    metric: Metrics = None,
    over: Over = None,
    where: Where = None,
    mode: Mode = None,
    tasks: Annotated[
        str | None,
        typer.Option("--tasks", metavar="A,B", help="Keys that tell tasks, to sum up over."),
    ] = None,
    normalize: Annotated[
        bool,
        typer.Option("--normalize", help="With --tasks: bring each task's values to 0 to 1."),
    ] = False,
    scaling: Annotated[
        bool, typer.Option("--scaling", help="Speed-up over processes instead, by timings.")
    ] = False,
    json: AsJson = False,
    csv: AsCsv = False,
    md: AsMarkdown = False,
    latex: AsLatex = False,
) -> None:
    """Compare configurations over seeds: mean, deviation, intervals, difference to the best."""
    from stride_cli.deciding import over_tasks, stats
    from stride_cli.output import form_of

    form = form_of(json=json, csv=csv, md=md, latex=latex)
    if scaling:
        asked = {"--metric": metric, "--over": over, "--mode": mode, "--tasks": tasks}
        stats.refuse(asked | {"--normalize": normalize or None})
        stats.run_scaling(places, where, form=form)
    elif tasks is not None:
        question = over_tasks.Question(metric or [], over=over, tasks=tasks, mode=mode)
        over_tasks.run(places, question, where=where, normalize=normalize, form=form)
    else:
        over_tasks.refuse_alone(normalize=normalize)
        stats.run(places, metric or [], over=over, where=where, mode=mode, form=form)


@commands.command(epilog="Example:  stride better work_dirs/demo 'lr == 1e-3' 'lr == 1e-2'")
def better(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="W A B",
            autocompletion=complete_work_dir,
            help="A work_dir and two queries, or two work_dirs.",
        ),
    ],
    metric: Annotated[
        str | None,
        typer.Option(
            "--metric",
            "-m",
            metavar="NAME",
            autocompletion=complete_metric,
            help="By which; the monitored if absent.",
        ),
    ] = None,
    over: Over = None,
    mode: Mode = None,
    train: Annotated[
        bool,
        typer.Option("--run", help="First train the seeds that one of the two lacks."),
    ] = False,
    seeds: Annotated[
        int | None,
        typer.Option(
            "--seeds", min=1, metavar="N", help="With --run: train until both have N seeds."
        ),
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what --run would train; create nothing.")
    ] = False,
    trust: Trust = False,
    json: AsJson = False,
) -> None:
    """Tell whether A is better than B, over the seeds of both: yes, no or not yet."""
    from stride_cli.deciding import better, training

    question = better.Question(metric, over, mode)
    if plan:
        training.plan(words, question, seeds, trust=trust, json=json)
    elif train:
        training.run(words, question, seeds, trust=trust, json=json)
    else:
        training.refuse_alone({"--seeds": seeds, "--trust": trust})
        better.run(words, question, json=json)
