"""Put the command line together: the root, and the commands of each group."""

import os
import sys
from typing import Annotated, Any

import typer
from typer.main import get_command_name

from stride_cli.benchmarking.commands import commands as benchmarking
from stride_cli.completing.commands import commands as completing
from stride_cli.completing.scripts import VARIABLE, prepare
from stride_cli.deciding.commands import commands as deciding
from stride_cli.exchanging.commands import commands as exchanging
from stride_cli.help import CommandHelp, GroupedHelp
from stride_cli.keeping.commands import commands as keeping
from stride_cli.labelling.commands import commands as labelling
from stride_cli.looking.commands import commands as looking
from stride_cli.options import ConfigFile, DryRun, Force, Overrides, Trust
from stride_cli.programs.commands import commands as programs
from stride_cli.reading.commands import commands as reading
from stride_cli.running.commands import commands as running
from stride_cli.sweeping.commands import commands as sweeping

GROUPS = {
    "Train": running,
    "Sweep": sweeping,
    "Benchmark": benchmarking,
    "Read and compare": reading,
    "Draw and report": looking,
    "Decide": deciding,
    "Exchange with other tools": exchanging,
    "Label": labelling,
    "Keep and throw away": keeping,
    "Set up the shell": completing,
    "Write programs": programs,
}

SETTINGS: dict[str, Any] = {
    "name": "stride",
    "cls": GroupedHelp,
    "add_completion": False,
    "pretty_exceptions_enable": False,
    "rich_markup_mode": None,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
app = typer.Typer(**SETTINGS)
for title, group in GROUPS.items():
    for command in group.registered_commands:
        command.rich_help_panel = title
        command.cls = command.cls if issubclass(command.cls or object, CommandHelp) else CommandHelp
    app.add_typer(group)


def main() -> None:
    """Run the command line and leave with its exit code."""
    from stride_cli.errors import asks_for_json, run_guarded
    from stride_cli.loading import tell_loading
    from stride_cli.streams import final_exit_code, open_streams

    open_streams()
    if VARIABLE in os.environ:
        prepare()
    words = sys.argv[1:]
    debug = "--debug" in words
    words = ["--debug"] * debug + [word for word in words if word != "--debug"]
    tell_loading(words)
    json = asks_for_json(words)
    code = run_guarded(
        lambda: _program(words)(words, prog_name="stride", standalone_mode=False),
        debug=debug,
        json=json,
    )
    sys.exit(final_exit_code(code, json=json))


def _program(words: list[str]) -> typer.Typer:
    """Return the program with the one command that is typed: typer builds all that it is given."""
    first = next((word for word in words if word != "--debug"), "")
    for group in GROUPS.values():
        for command in group.registered_commands:
            name = command.callback.__name__ if command.callback is not None else ""
            if first == (command.name or get_command_name(name)):
                one = typer.Typer(**SETTINGS)
                one.callback(invoke_without_command=True)(root)
                one.registered_commands.append(command)
                return one
    return app


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    config: Overrides = None,
    config_file: ConfigFile = None,
    force: Force = False,
    dry_run: DryRun = False,
    trust: Trust = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show whole tracebacks, of any command.")
    ] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Train with PyTorch in numbered run folders.

    Start a run with:  stride train -w work_dirs/demo
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
