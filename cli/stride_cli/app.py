"""Declare every command and option; each command imports its own module when called."""

import sys
from typing import Annotated, Any

import typer

Overrides = Annotated[
    list[str] | None,
    typer.Option("--config", metavar="KEY=VALUE", help="Set one value of the config; repeatable."),
]
ConfigFile = Annotated[
    str | None,
    typer.Option("--config-file", metavar="FILE", help="A config in JSON, TOML or YAML."),
]
Run = Annotated[
    str, typer.Argument(metavar="RUN", help="A run's folder: W/3, W/name, W/latest, W/best.")
]
Metrics = Annotated[
    list[str] | None,
    typer.Option("--metric", "-m", metavar="NAME", help="A metric to show; repeatable."),
]
DataRoot = Annotated[
    str | None,
    typer.Option("--data-root", metavar="DIR", help="Look for the run's data below this folder."),
]
Trust = Annotated[
    bool,
    typer.Option("--trust", help="Run the code that the folder's config names, and sign it."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]

app = typer.Typer(
    name="stride",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command line and leave with its exit code."""
    from stride_cli.errors import run_guarded
    from stride_cli.streams import final_exit_code, open_streams

    open_streams()
    words = sys.argv[1:]
    debug = "--debug" in words
    words = ["--debug"] * debug + [word for word in words if word != "--debug"]
    code = run_guarded(lambda: app(words, prog_name="stride", standalone_mode=False), debug=debug)
    sys.exit(final_exit_code(code))


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    config: Overrides = None,
    config_file: ConfigFile = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the run of this name if the config is valid.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the resolved config and create nothing.")
    ] = False,
    trust: Trust = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show whole tracebacks, of any command.")
    ] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Train with PyTorch in numbered run folders.

    Start a run with:  stride --config work_dir=work_dirs/demo
    """
    from stride_cli.running import start

    options: dict[str, Any] = {"--config": config, "--config-file": config_file}
    options |= {"--force": force, "--dry-run": dry_run, "--trust": trust}
    given = [name for name, value in options.items() if value]
    if context.invoked_subcommand:
        start.refuse(given, context.invoked_subcommand)
    elif version:
        start.print_version()
    elif given:
        start.run(config or [], config_file, force=force, dry_run=dry_run, trust=trust)
    else:
        typer.echo(context.get_help())


@app.command()
def ls(
    work_dir: Annotated[str, typer.Argument(metavar="W", help="The work_dir.")],
    metric: Metrics = None,
    number: Annotated[
        int | None, typer.Option("-n", min=1, metavar="N", help="Only the newest N runs.")
    ] = None,
    all_runs: Annotated[
        bool, typer.Option("--all", help="All runs; a terminal shows the newest 50.")
    ] = False,
    jobs: Annotated[bool, typer.Option("--jobs", help="Ask SLURM for the state of jobs.")] = False,
    where: Annotated[
        str | None,
        typer.Option(
            "--where", metavar="QUERY", help="Only these: 'lr < 1e-2 and status == done'."
        ),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option("--sort", metavar="[-]NAME", help="Smallest first; with - the largest."),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option("--columns", metavar="A,B", help="What to show: lr,seed,test/accuracy."),
    ] = None,
    json: AsJson = False,
    csv: AsCsv = False,
) -> None:
    """List the runs of a work_dir, newest first."""
    from stride_cli.reading import ls

    asked: dict[str, Any] = {"where": where, "sort": sort, "columns": columns}
    shown: dict[str, Any] = {"jobs": jobs, "json": json, "csv": csv}
    ls.run(work_dir, metric or [], number=number, all_runs=all_runs, **asked, **shown)


@app.command()
def show(run: Run, json: AsJson = False) -> None:
    """Show one run: status, times, results, overrides, where it ran."""
    from stride_cli.reading import show

    show.run(run, json=json)


@app.command()
def diff(
    run: Run,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The run to compare it with.")],
    json: AsJson = False,
) -> None:
    """Show what differs between two runs: config and results."""
    from stride_cli.reading import diff

    diff.run(run, other, json=json)


@app.command()
def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Runs, or whole work_dirs.")],
    metric: Metrics = None,
    json: AsJson = False,
    csv: AsCsv = False,
) -> None:
    """Put runs side by side: the config that differs, and the metrics."""
    from stride_cli.reading import compare

    compare.run(runs, metric or [], json=json, csv=csv)


@app.command()
def config(
    place: Annotated[
        str | None, typer.Argument(metavar="[W|RUN]", help="A work_dir, or a run's folder.")
    ] = None,
    config: Overrides = None,
    config_file: ConfigFile = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Write it to the work_dir's config; repeatable."
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Print a resolved config and where each value came from."""
    from stride_cli.reading import config as command

    command.run(place, config or [], config_file, settings or [], json=json)


@app.command()
def evaluate(
    run: Run,
    split: Annotated[
        str, typer.Option("--split", metavar="SPLIT", help="train, validation or test.")
    ] = "test",
    metrics: Annotated[
        str | None,
        typer.Option("--metrics", metavar="A,B", help="Metrics by name; as in training if absent."),
    ] = None,
    trust: Trust = False,
    json: AsJson = False,
) -> None:
    """Evaluate a run's best weights on a split of its data."""
    from stride_cli.running import evaluate

    evaluate.run(run, split, metrics, trust=trust, json=json)


@app.command()
def path(run: Run) -> None:
    """Print the absolute path of a run's folder."""
    from stride_cli.reading import path

    path.run(run)


@app.command()
def logs(
    run: Run,
    rank: Annotated[
        int, typer.Option("--rank", min=0, metavar="R", help="The process whose log is wanted.")
    ] = 0,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the run has ended.")
    ] = False,
) -> None:
    """Print a run's text log."""
    from stride_cli.reading import logs

    logs.run(run, rank, follow=follow)


@app.command()
def resume(
    run: Run, config: Overrides = None, data_root: DataRoot = None, trust: Trust = False
) -> None:
    """Resume a run where it was left, bit by bit as if it had never stopped."""
    from stride_cli.running import resume

    resume.run(run, config or [], data_root, trust=trust)


@app.command()
def reproduce(
    run: Run,
    steps: Annotated[
        int | None, typer.Option("--steps", min=1, metavar="N", help="Stop after N steps.")
    ] = None,
    code: Annotated[
        bool, typer.Option("--code", help="Use the recorded commit and patch, in a copy.")
    ] = False,
    data_root: DataRoot = None,
    trust: Trust = False,
    json: AsJson = False,
) -> None:
    """Do a run again as a new run and compare: exit code 0 identical, 3 diverged."""
    from stride_cli.running import reproduce

    reproduce.run(run, steps, data_root, code=code, trust=trust, json=json)


@app.command()
def fork(
    run: Run,
    at: Annotated[
        str, typer.Option("--at", metavar="AT", help="best, last, a checkpoint's name, or a step.")
    ] = "best",
    config: Overrides = None,
    data_root: DataRoot = None,
    trust: Trust = False,
) -> None:
    """Start a new run from a checkpoint of another."""
    from stride_cli.running import fork

    fork.run(run, at, config or [], data_root, trust=trust)


@app.command()
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


@app.command()
def active(
    work_dir: Annotated[str, typer.Argument(metavar="W", help="The work_dir.")],
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
        typer.Option("--metric", "-m", metavar="NAME", help="Of the curves; theirs if absent."),
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


@app.command()
def check(
    config: Overrides = None,
    config_file: ConfigFile = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Kill and resume it in its first steps, and compare: exit code 0 ok, 3 not.",
        ),
    ] = False,
    trust: Trust = False,
    json: AsJson = False,
) -> None:
    """Try one step of a config; create nothing."""
    from stride_cli.running import check

    check.run(config or [], config_file, resume=resume, trust=trust, json=json)


@app.command()
def verify(
    runs: Annotated[
        list[str], typer.Argument(metavar="RUN...", help="Runs; with --all whole work_dirs.")
    ],
    all_runs: Annotated[
        bool, typer.Option("--all", help="Every run of these work_dirs, broken ones included.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Check runs without running anything: hashes, schemas, completeness."""
    from stride_cli.reading import verify

    verify.run(runs, all_runs=all_runs, json=json)


@app.command()
def launch(
    config: Overrides = None,
    config_file: ConfigFile = None,
    nodes: Annotated[int, typer.Option("--nodes", min=1, metavar="N", help="Machines.")] = 1,
    gpus_per_node: Annotated[
        int, typer.Option("--gpus-per-node", min=0, metavar="G", help="GPUs of each machine.")
    ] = 0,
    tasks_per_node: Annotated[
        int | None,
        typer.Option(
            "--tasks-per-node",
            min=1,
            metavar="T",
            help="Processes on each machine; one for each GPU, or one, if absent.",
        ),
    ] = None,
    cpus_per_task: Annotated[
        int | None,
        typer.Option("--cpus-per-task", min=1, metavar="C", help="CPU cores of each process."),
    ] = None,
    time: Annotated[
        str | None, typer.Option("--time", metavar="TIME", help="The limit, as 2:00:00 or 1-12.")
    ] = None,
    partition: Annotated[
        str | None, typer.Option("--partition", metavar="P", help="One of the site's partitions.")
    ] = None,
    requeue: Annotated[
        bool,
        typer.Option(
            "--requeue", help="Checkpoint before the limit, queue again, resume the same run."
        ),
    ] = False,
    signal_seconds: Annotated[
        int | None,
        typer.Option(
            "--signal-seconds",
            min=1,
            metavar="S",
            help="Leave so long before the limit; 120 if absent, with --requeue.",
        ),
    ] = None,
    sbatch: Annotated[
        list[str] | None,
        typer.Option("--sbatch", metavar="KEY=VALUE", help="An option of sbatch; repeatable."),
    ] = None,
    array: Annotated[
        int | None,
        typer.Option(
            "--array",
            min=1,
            metavar="N",
            help="Queue N runs with the seeds seed, seed+1, ...: one job array.",
        ),
    ] = None,
    wait: Annotated[
        float | None,
        typer.Option("--wait", min=0, metavar="S", help="Wait for the end, at most S seconds."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the job's script and create nothing.")
    ] = False,
    trust: Trust = False,
) -> None:
    """Queue a run as a job of SLURM: check, claim, write job.sbatch, submit, return."""
    from stride_cli.running import launch

    launch.run(
        config or [],
        config_file,
        array=array,
        wait=wait,
        dry_run=dry_run,
        trust=trust,
        nodes=nodes,
        gpus_per_node=gpus_per_node,
        tasks_per_node=tasks_per_node,
        cpus_per_task=cpus_per_task,
        time=time,
        partition=partition,
        requeue=requeue,
        signal_seconds=signal_seconds,
        options=sbatch or [],
    )


@app.command()
def cancel(run: Run) -> None:
    """End the SLURM job of a run; one that has not begun is stopped."""
    from stride_cli.running import cancel

    cancel.run(run)
