"""Declare the arguments and options that several commands have."""

from typing import Annotated

import typer

from stride_cli.completing.keys import complete_words
from stride_cli.completing.places import complete_metric, complete_run, complete_work_dir

Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--config",
        metavar="KEY=VALUE",
        autocompletion=complete_words,
        help="Set one value of the config; repeatable.",
    ),
]
Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KEY=VALUE]...",
        autocompletion=complete_words,
        help="Set values of the config: lr=3e-3 model=ResNet epochs=3.",
    ),
]
WorkDir = Annotated[
    str | None,
    typer.Option(
        "--work-dir",
        "-w",
        metavar="W",
        autocompletion=complete_work_dir,
        help="The work_dir: short for work_dir=W.",
    ),
]
Force = Annotated[
    bool, typer.Option("--force", help="Replace the run of this name if the config is valid.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print the resolved config and create nothing.")
]
Budget = Annotated[
    str | None,
    typer.Option(
        "--budget", metavar="TIME", help="Stop after 5m or 1h30m, with a checkpoint to go on from."
    ),
]
ConfigFile = Annotated[
    str | None,
    typer.Option("--config-file", metavar="FILE", help="A config in JSON, TOML or YAML."),
]
Run = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        autocompletion=complete_run,
        help="A run's folder: W/3, W/name, W/latest, W/best.",
    ),
]
Metrics = Annotated[
    list[str] | None,
    typer.Option(
        "--metric",
        "-m",
        metavar="NAME",
        autocompletion=complete_metric,
        help="A metric to show; repeatable.",
    ),
]
DataRoot = Annotated[
    str | None,
    typer.Option("--data-root", metavar="DIR", help="Look for the run's data below this folder."),
]
Mode = Annotated[
    str | None,
    typer.Option("--mode", metavar="MODE", help="Which way is better: min or max."),
]
Plan = Annotated[
    bool, typer.Option("--plan", help="Say what would be trained and kept; create nothing.")
]
Trust = Annotated[
    bool,
    typer.Option("--trust", help="Run the code that the folder's config names, and sign it."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
AsMarkdown = Annotated[bool, typer.Option("--md", help="Print Markdown.")]
AsLatex = Annotated[bool, typer.Option("--latex", help="Print LaTeX, for the package booktabs.")]
WorkDirs = Annotated[
    list[str],
    typer.Argument(
        metavar="W...", autocompletion=complete_work_dir, help="Work_dirs, or folders above some."
    ),
]
Runs = Annotated[
    list[str],
    typer.Argument(metavar="RUN...", autocompletion=complete_run, help="Runs, or whole work_dirs."),
]
RunsOrWorkDirs = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN|W...", autocompletion=complete_run, help="Runs, or whole work_dirs."
    ),
]
OneWorkDir = Annotated[
    str, typer.Argument(metavar="W", autocompletion=complete_work_dir, help="The work_dir.")
]
Where = Annotated[
    str | None,
    typer.Option("--where", metavar="QUERY", help="Only these: 'lr < 1e-2 and status == done'."),
]
