"""Declare the commands that start, end and repeat runs; each imports its own module when called."""

from typing import Annotated, Any

import typer

from stride_cli.completing.places import complete_place_or_words, complete_sweep
from stride_cli.options import (
    AsJson,
    Budget,
    ConfigFile,
    DataRoot,
    DryRun,
    Force,
    Overrides,
    Run,
    Trust,
    Words,
    WorkDir,
)
from stride_cli.words import place_and_settings, settings

commands = typer.Typer()


@commands.command(epilog="Example:  stride train -w work_dirs/demo lr=3e-3 model=ResNet epochs=3")
def train(
    words: Words = None,
    work_dir: WorkDir = None,
    config: Overrides = None,
    config_file: ConfigFile = None,
    force: Force = False,
    budget: Budget = None,
    dry_run: DryRun = False,
    trust: Trust = False,
) -> None:
    """Train a run in the next numbered folder of a work_dir; print its path."""
    from stride_cli.running import start

    typed = settings(words, config, work_dir)
    options: dict[str, Any] = {"force": force, "dry_run": dry_run, "budget": budget}
    start.run(typed, config_file, trust=trust, **options)


@commands.command(epilog="Example:  stride check -w work_dirs/demo model=ResNet --resume")
def check(
    words: Words = None,
    work_dir: WorkDir = None,
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

    check.run(settings(words, config, work_dir), config_file, resume=resume, trust=trust, json=json)


@commands.command(epilog="Example:  stride lr-find work_dirs/demo model=ResNet --max 1")
def lr_find(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[W] [KEY=VALUE]...",
            autocompletion=complete_place_or_words,
            help="The work_dir; values of the config to set on top.",
        ),
    ] = None,
    config: Overrides = None,
    config_file: ConfigFile = None,
    min_lr: Annotated[
        float | None, typer.Option("--min", metavar="LR", help="The first rate; 1e-7 if absent.")
    ] = None,
    max_lr: Annotated[
        float | None, typer.Option("--max", metavar="LR", help="The last rate; 10 if absent.")
    ] = None,
    num_steps: Annotated[
        int | None,
        typer.Option("--steps", metavar="N", help="Steps from one to the other; 100 if absent."),
    ] = None,
    trust: Trust = False,
    json: AsJson = False,
) -> None:
    """Suggest a learning rate: raise it step by step until the loss diverges."""
    from stride_cli.running import lr_find

    options = {"min_lr": min_lr, "max_lr": max_lr, "num_steps": num_steps}
    place, typed = place_and_settings(words, config)
    overrides = settings(typed, None, place)
    lr_find.run(overrides, config_file, options, trust=trust, json=json)


@commands.command(epilog="Example:  stride launch -w work_dirs/demo epochs=90 --time 2:00:00")
def launch(
    words: Words = None,
    work_dir: WorkDir = None,
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
    sweep: Annotated[
        str | None,
        typer.Option(
            "--sweep",
            metavar="NAME",
            autocompletion=complete_sweep,
            help="Work on a sweep of W in place of a run; each element of an array takes trials.",
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

    resources: dict[str, Any] = {
        "nodes": nodes,
        "gpus_per_node": gpus_per_node,
        "tasks_per_node": tasks_per_node,
        "cpus_per_task": cpus_per_task,
        "time": time,
        "partition": partition,
        "requeue": requeue,
        "signal_seconds": signal_seconds,
        "options": sbatch or [],
    }
    how: dict[str, Any] = {"array": array, "dry_run": dry_run, "trust": trust}
    if sweep is None:
        typed = settings(words, config, work_dir)
        launch.run(typed, config_file, wait=wait, **how, **resources)
        return
    launch.refuse_beside_sweep(
        {"key=value": words or config, "--config-file": config_file, "--wait": wait}
    )
    launch.run_sweep(work_dir, sweep, **how, **resources)


@commands.command(epilog="Example:  stride resume work_dirs/demo/latest epochs=40")
def resume(
    run: Run,
    words: Words = None,
    config: Overrides = None,
    budget: Budget = None,
    data_root: DataRoot = None,
    trust: Trust = False,
) -> None:
    """Resume a run where it was left, bit by bit as if it had never stopped."""
    from stride_cli.running import resume

    resume.run(run, settings(words, config), data_root, budget=budget, trust=trust)


@commands.command(epilog="Example:  stride cancel work_dirs/demo/3")
def cancel(run: Run) -> None:
    """End the SLURM job of a run; one that has not begun is stopped."""
    from stride_cli.running import cancel

    cancel.run(run)


@commands.command(epilog="Example:  stride fork work_dirs/demo/3 --at best lr=1e-4")
def fork(
    run: Run,
    words: Words = None,
    at: Annotated[
        str, typer.Option("--at", metavar="AT", help="best, last, a checkpoint's name, or a step.")
    ] = "best",
    config: Overrides = None,
    budget: Budget = None,
    data_root: DataRoot = None,
    trust: Trust = False,
) -> None:
    """Start a new run from a checkpoint of another."""
    from stride_cli.running import fork

    fork.run(run, at, settings(words, config), data_root, budget=budget, trust=trust)


@commands.command(epilog="Example:  stride reproduce work_dirs/demo/3 --steps 100")
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


@commands.command(epilog="Example:  stride evaluate work_dirs/demo/best --split validation")
def evaluate(
    run: Run,
    words: Words = None,
    split: Annotated[
        str | None,
        typer.Option(
            "--split", metavar="SPLIT", help="train, validation, test (if absent) or one of yours."
        ),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option("--metrics", metavar="A,B", help="Metrics by name; as in training if absent."),
    ] = None,
    follow: Annotated[
        bool,
        typer.Option(
            "--follow", "-f", help="Evaluate the checkpoints of a run under way as they appear."
        ),
    ] = False,
    every: Annotated[
        float | None,
        typer.Option(
            "--every",
            min=0.1,
            metavar="S",
            help="Look every S seconds for a checkpoint; 5 if absent, with --follow.",
        ),
    ] = None,
    episodes: Annotated[
        int | None,
        typer.Option("--episodes", min=1, metavar="N", help="Play N episodes; chance beside it."),
    ] = None,
    render: Annotated[
        str | None,
        typer.Option("--render", metavar="video", help="Film an episode: RUN/videos/SPLIT.mp4."),
    ] = None,
    stochastic: Annotated[
        bool, typer.Option("--stochastic", help="Draw the actions of episodes as in the training.")
    ] = False,
    config: Overrides = None,
    trust: Trust = False,
    json: AsJson = False,
) -> None:
    """Evaluate a run's best weights on a split of its data, or checkpoints as they appear."""
    from stride_cli.running.episodes import Asked

    names = None if metrics is None else [name.strip() for name in metrics.split(",")]
    typed, asked = settings(words, config), Asked(episodes, render, stochastic)
    if asked:
        from stride_cli.running import episodes as playing

        playing.refuse_beside(follow=follow, every=every, metrics=metrics)
        playing.run(run, split or "test", asked, typed, trust=trust, json=json)
        return
    if follow:
        from stride_cli.running import follow as following

        following.run(run, split, typed, names, every=every, trust=trust, json=json)
        return
    from stride_cli.running import evaluate

    evaluate.run(run, split, typed, names, every=every, trust=trust, json=json)


@commands.command(epilog="Example:  stride predict work_dirs/demo/best --split test --out test.npz")
def predict(
    run: Run,
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="FILE", help="A file .npz, .csv or .parquet.")
    ],
    split: Annotated[
        str, typer.Option("--split", metavar="SPLIT", help="train, validation or test.")
    ] = "test",
    batch_size: Annotated[
        int | None,
        typer.Option("--batch-size", min=1, metavar="N", help="Samples at a time; as in training."),
    ] = None,
    device: Annotated[
        str | None, typer.Option("--device", metavar="DEVICE", help="Another than the run's: cpu.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file if it is there.")
    ] = False,
    trust: Trust = False,
    json: AsJson = False,
) -> None:
    """Write what a run's best weights predict for each sample of a split."""
    from stride_cli.running import predict

    options: dict[str, Any] = {"batch_size": batch_size, "device": device, "force": force}
    predict.run(run, split, out, **options, trust=trust, json=json)
