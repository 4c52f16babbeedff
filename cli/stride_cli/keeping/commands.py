"""Declare the commands that say what is kept; each imports its own module when called."""

from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from stride_cli.options import AsJson, Run

commands = typer.Typer()

Where = Annotated[
    str | None,
    typer.Option("--where", metavar="QUERY", help="Of a work_dir, these runs: 'status == failed'."),
]


class _TagCommand(TyperCommand):
    """Take `-old` for a word, which click would take for options."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        from stride.runs.tags.names import is_change

        names = ctx.help_option_names
        words = [word for word in args if is_change(word) and word not in names]
        others = [word for word in args if word not in words and word != "--"]
        return super().parse_args(ctx, [*others, "--", *words])


@commands.command(cls=_TagCommand)
def tag(
    words: Annotated[
        list[str],
        typer.Argument(metavar="RUN|W... +TAG... -TAG...", help="Runs, and tags to add or remove."),
    ],
    where: Where = None,
    json: AsJson = False,
) -> None:
    """Add tags to runs and remove some, or print them: stride tag W/3 +paper -old."""
    from stride_cli.keeping import tag

    tag.run(words, where, json=json)


@commands.command()
def note(
    run: Run,
    text: Annotated[
        str | None, typer.Argument(metavar="[TEXT]", help="The note; '' removes it.")
    ] = None,
) -> None:
    """Write a note about a run, or print it: stride note W/3 'too high a rate'."""
    from stride_cli.keeping import note

    note.run(run, text)
