"""Lay out --help: commands in groups, whole sentences, arguments as they are typed."""

import re
from itertools import groupby
from operator import attrgetter
from typing import Any

from typer.core import TyperCommand, TyperGroup

_TYPE = re.compile(r" <[^<>]*>$")  # of an argument: its name says more than `<list[str]>`


class GroupedHelp(TyperGroup):
    """A program whose help names its commands by groups, in the order of their declaration."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the name and the first sentence of each command, under the title of its group."""
        width = max(map(len, self.commands))
        shown = [command for command in self.commands.values() if not command.hidden]
        for title, group in groupby(shown, attrgetter("rich_help_panel")):
            with formatter.section(title):
                rows = [(f"{one.name:{width}}", _sentence(one.help or "")) for one in group]
                formatter.write_dl(rows)


class CommandHelp(TyperCommand):
    """A command whose help shows arguments as they are typed: `RUN`, `[KEY=VALUE]...`."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return what stands behind the command's name in the usage line."""
        arguments = [one for one in self.get_params(ctx) if one.param_type_name == "argument"]
        return ["[OPTIONS]", *(str(getattr(one, "metavar", one.name)) for one in arguments)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write what each argument and option means."""
        records = [(one.param_type_name, one.get_help_record(ctx)) for one in self.get_params(ctx)]
        for kind in ("argument", "option"):
            rows = [record for name, record in records if name == kind and record]
            if rows:
                with formatter.section(f"{kind.capitalize()}s"):
                    formatter.write_dl([(_TYPE.sub("", name), _plain(text)) for name, text in rows])


def _sentence(text: str) -> str:
    """Return the first paragraph of a help text in one line."""
    return " ".join(text.strip().split("\n\n")[0].split())


def _plain(text: str) -> str:
    """Return the help of a parameter without saying that an argument is one."""
    return text.removesuffix("  [required]")
