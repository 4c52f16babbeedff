"""Declare the commands that say what is kept; each imports its own module when called."""

from typing import Annotated, Any

import typer

from stride_cli.completing.places import complete_run, complete_tag
from stride_cli.help import CommandHelp
from stride_cli.options import AsJson, Run, Where

commands = typer.Typer()

Places = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN|W...", autocompletion=complete_run, help="Runs; work_dirs with --where."
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would go, with sizes, and change nothing.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


class _TagCommand(CommandHelp):
    """Take `-old` for a word, which click would take for options."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        from stride.runs.tags.names import is_change

        before = ["", *args]  # of each word; a query may begin with a sign, too
        changes = [
            word
            for word, other in zip(args, before, strict=False)
            if is_change(word) and word not in ctx.help_option_names and other != "--where"
        ]
        others = [word for word in args if word not in changes and word != "--"]
        return super().parse_args(ctx, [*others, "--", *changes])


@commands.command(cls=_TagCommand, epilog="Example:  stride tag work_dirs/demo/3 +paper -old")
def tag(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN|W... +TAG... -TAG...",
            autocompletion=complete_tag,
            help="Runs, and tags to add or remove.",
        ),
    ],
    where: Where = None,
    json: AsJson = False,
) -> None:
    """Add tags to runs and remove some, or print them."""
    from stride_cli.keeping import tag

    tag.run(words, where, json=json)


@commands.command(epilog="Example:  stride note work_dirs/demo/3 'too high a rate'")
def note(
    run: Run,
    text: Annotated[
        str | None, typer.Argument(metavar="[TEXT]", help="The note; '' removes it.")
    ] = None,
) -> None:
    """Write a note about a run, or print it."""
    from stride_cli.keeping import note

    note.run(run, text)


@commands.command(epilog="Example:  stride rm work_dirs/demo --where 'status == failed' --dry-run")
def rm(runs: Places, where: Where = None, dry_run: DryRun = False, json: AsJson = False) -> None:
    """Throw runs into their work_dir's trash, from which `stride restore` brings them back."""
    from stride_cli.keeping import rm

    rm.run(runs, where, dry_run=dry_run, json=json)


@commands.command(epilog="Example:  stride restore work_dirs/demo/3")
def restore(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="W/RUN...", help="Runs by the names or UUIDs that they had; W alone lists them."
        ),
    ],
    last: Annotated[
        bool, typer.Option("--last", help="Of a work_dir, what went last, all at once.")
    ] = False,
    name: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="Under another name.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Bring runs back from the trash, or list what is there."""
    from stride_cli.keeping import restore

    restore.run(runs, last=last, name=name, json=json)


@commands.command(epilog="Example:  stride purge work_dirs/demo --older 30d")
def purge(
    places: Annotated[
        list[str], typer.Argument(metavar="W|W/RUN...", help="Whole trashes, or runs in them.")
    ],
    older: Annotated[
        str | None,
        typer.Option("--older", metavar="AGE", help="Only what went before that: 30d, 12h."),
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Delete the runs in a trash for good."""
    from stride_cli.keeping import purge

    purge.run(places, older, dry_run=dry_run, yes=yes)


@commands.command(epilog="Example:  stride prune work_dirs/demo --keep best,tag:paper --dry-run")
def prune(
    runs: Places,
    where: Where = None,
    keep: Annotated[
        str,
        typer.Option(
            "--keep",
            metavar="WHAT",
            help="best, last, tag:TAG (all of such runs), joined by commas; or none.",
        ),
    ] = "best,last",
    dry_run: DryRun = False,
    yes: Yes = False,
    json: AsJson = False,
) -> None:
    """Delete checkpoints of ended runs for good; their records and weights stay."""
    from stride_cli.keeping import prune

    prune.run(runs, where, keep, dry_run=dry_run, yes=yes, json=json)
