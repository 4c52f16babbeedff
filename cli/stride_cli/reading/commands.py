"""Declare the commands that read runs; each imports its own module when called."""

from typing import Annotated, Any

import typer

from stride_cli.completing.keys import complete_words
from stride_cli.completing.places import (
    complete_metric,
    complete_names,
    complete_place_or_words,
    complete_run,
    complete_work_dir,
)
from stride_cli.options import (
    AsCsv,
    AsJson,
    AsLatex,
    AsMarkdown,
    ConfigFile,
    Metrics,
    Overrides,
    Run,
    Trust,
    Where,
    WorkDirs,
)
from stride_cli.words import place_and_settings

commands = typer.Typer()


@commands.command(epilog="Example:  stride ls work_dirs/demo --where 'lr < 1e-2' --sort val_loss")
def ls(
    work_dirs: WorkDirs,
    metric: Metrics = None,
    number: Annotated[
        int | None, typer.Option("-n", min=1, metavar="N", help="Only the newest N runs.")
    ] = None,
    all_runs: Annotated[
        bool, typer.Option("--all", help="All runs; a terminal shows the newest 50.")
    ] = False,
    jobs: Annotated[bool, typer.Option("--jobs", help="Ask SLURM for the state of jobs.")] = False,
    curve: Annotated[
        bool, typer.Option("--curve", help="Draw how the metric went, in a column.")
    ] = False,
    where: Where = None,
    sort: Annotated[
        str | None,
        typer.Option(
            "--sort",
            metavar="[-]NAME",
            autocompletion=complete_names,
            help="Smallest first; with - the largest.",
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            "--columns",
            metavar="A,B",
            autocompletion=complete_names,
            help="What to show: lr,seed,test/accuracy.",
        ),
    ] = None,
    json: AsJson = False,
    csv: AsCsv = False,
    md: AsMarkdown = False,
    latex: AsLatex = False,
) -> None:
    """List the runs of work_dirs, newest first."""
    from stride_cli.output import form_of
    from stride_cli.reading import ls

    asked: dict[str, Any] = {"where": where, "sort": sort, "columns": columns}
    asked |= {"jobs": jobs, "curve": curve}
    form = form_of(json=json, csv=csv, md=md, latex=latex)
    ls.run(work_dirs, metric or [], number=number, all_runs=all_runs, form=form, **asked)


@commands.command(epilog="Example:  stride show work_dirs/demo/latest")
def show(
    run: Run,
    json: AsJson = False,
    records: Annotated[
        bool, typer.Option("--records", help="With --json: all metrics, results and provenance.")
    ] = False,
) -> None:
    """Show one run: status, times, results, overrides, where it ran."""
    from stride_cli.reading import show

    show.run(run, json=json, records=records)


@commands.command(epilog="Example:  stride diff work_dirs/demo/3 work_dirs/demo/best")
def diff(
    run: Run,
    other: Annotated[
        str,
        typer.Argument(
            metavar="OTHER", autocompletion=complete_run, help="The run to compare it with."
        ),
    ],
    whole: Annotated[
        bool, typer.Option("--all", help="With --json: every difference, however many.")
    ] = False,
    json: AsJson = False,
    md: AsMarkdown = False,
    latex: AsLatex = False,
) -> None:
    """Show what differs between two runs: config and results."""
    from stride_cli.output import form_of
    from stride_cli.reading import diff

    diff.run(run, other, form=form_of(json=json, md=md, latex=latex), whole=whole)


@commands.command(epilog="Example:  stride compare work_dirs/demo -m val_loss --md")
def compare(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...", autocompletion=complete_run, help="Runs, or whole work_dirs."
        ),
    ],
    metric: Metrics = None,
    where: Where = None,
    json: AsJson = False,
    csv: AsCsv = False,
    md: AsMarkdown = False,
    latex: AsLatex = False,
) -> None:
    """Put runs side by side: the config that differs, and the metrics."""
    from stride_cli.output import form_of
    from stride_cli.reading import compare

    form = form_of(json=json, csv=csv, md=md, latex=latex)
    compare.run(runs, metric or [], where=where, form=form)


@commands.command(epilog="Example:  stride config work_dirs/demo/3 --changed")
def config(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[W|RUN] [KEY=VALUE]...",
            autocompletion=complete_place_or_words,
            help="A work_dir or a run's folder; values of the config to set on top.",
        ),
    ] = None,
    config: Overrides = None,
    config_file: ConfigFile = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            autocompletion=complete_words,
            help="Write it to the work_dir's config; repeatable.",
        ),
    ] = None,
    changed: Annotated[
        bool,
        typer.Option(
            "--changed", help="Only what differs from the defaults, or from W's, to type again."
        ),
    ] = False,
    json: AsJson = False,
) -> None:
    """Print a resolved config and where each value came from."""
    from stride_cli.reading import config as command

    place, typed = place_and_settings(words, config)
    command.run(place, typed, config_file, settings or [], changed=changed, json=json)


@commands.command(epilog="Example:  cd $(stride path work_dirs/demo/latest)")
def path(run: Run) -> None:
    """Print the absolute path of a run's folder."""
    from stride_cli.reading import path

    path.run(run)


@commands.command(epilog="Example:  stride metrics work_dirs/demo/latest -m val_loss --points 10")
def metrics(
    run: Run,
    metric: Metrics = None,
    points: Annotated[
        int, typer.Option("--points", min=2, metavar="N", help="How many rows, of all there are.")
    ] = 20,
    steps: Annotated[
        bool, typer.Option("--steps", help="Rows inside of epochs too, not their ends alone.")
    ] = False,
    evaluations: Annotated[
        bool, typer.Option("--evaluations", help="What `stride evaluate --follow` has measured.")
    ] = False,
    json: AsJson = False,
    csv: AsCsv = False,
    md: AsMarkdown = False,
    latex: AsLatex = False,
) -> None:
    """Show how a run's metrics went: its curve, at a few points."""
    from stride_cli.output import form_of
    from stride_cli.reading import metrics

    form = form_of(json=json, csv=csv, md=md, latex=latex)
    kinds = {"steps": steps, "evaluations": evaluations}
    metrics.run(run, metric or [], points=points, **kinds, form=form)


@commands.command(epilog="Example:  stride logs work_dirs/demo/latest -f")
def logs(
    run: Run,
    rank: Annotated[
        int, typer.Option("--rank", min=0, metavar="R", help="The process whose log is wanted.")
    ] = 0,
    job: Annotated[
        bool, typer.Option("--job", help="What its SLURM job printed, instead of the log.")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the run ends or waits.")
    ] = False,
) -> None:
    """Print a run's text log."""
    from stride_cli.reading import logs

    logs.run(run, rank, job=job, follow=follow)


@commands.command(epilog="Example:  stride active work_dirs/al --seeds 0,1,2")
def active(
    work_dir: Annotated[
        str, typer.Argument(metavar="W", autocompletion=complete_work_dir, help="The work_dir.")
    ],
    compare: Annotated[
        str | None,
        typer.Option("--compare", metavar="A,B", help="Train these query strategies first."),
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option("--seeds", metavar="N", help="How many, or which ones: 0,3,7; 5 if absent."),
    ] = None,
    config: Overrides = None,
    metric: Annotated[
        str | None,
        typer.Option(
            "--metric",
            "-m",
            metavar="NAME",
            autocompletion=complete_metric,
            help="Of the curves; theirs if absent.",
        ),
    ] = None,
    target: Annotated[
        float | None,
        typer.Option("--target", metavar="X", help="Count the labels to this value."),
    ] = None,
    trust: Trust = False,
    json: AsJson = False,
    csv: AsCsv = False,
) -> None:
    """Put learning curves of active learning side by side, over seeds."""
    from stride_cli.reading import active

    shown: dict[str, Any] = {"metric": metric, "target": target, "json": json, "csv": csv}
    active.run(work_dir, compare, seeds, config or [], trust=trust, **shown)


@commands.command(epilog="Example:  stride verify work_dirs/demo --all")
def verify(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...", autocompletion=complete_run, help="Runs; with --all whole work_dirs."
        ),
    ],
    all_runs: Annotated[
        bool, typer.Option("--all", help="Every run of these work_dirs, broken ones included.")
    ] = False,
    where: Where = None,
    json: AsJson = False,
) -> None:
    """Check runs without running anything: hashes, schemas, completeness."""
    from stride_cli.reading import verify

    verify.run(runs, all_runs=all_runs, where=where, json=json)
