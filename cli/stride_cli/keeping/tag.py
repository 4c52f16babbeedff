"""`stride tag`."""

from collections.abc import Sequence

from stride_cli.keeping.chosen_runs import chosen_runs
from stride_cli.output import print_json, print_table, tell


def run(words: Sequence[str], where: str | None, *, json: bool) -> None:
    """Change the tags of runs, and print what they have then."""
    from stride.errors import UserError
    from stride.runs.layout import RunPaths
    from stride.runs.tags.names import is_change, parse_changes
    from stride.runs.tags.tags_json import change_tags, read_tags
    from stride.tables.table import Column, Table

    changes = [word for word in words if is_change(word)]
    places = [word for word in words if not is_change(word)]
    if not places:
        raise UserError("no run is named", hint="type: stride tag RUN +TAG")
    parse_changes(changes)  # refused before any run is changed
    folders = chosen_runs(places, where)
    found = [
        change_tags(RunPaths(folder), changes) if changes else read_tags(RunPaths(folder))
        for folder in folders
    ]
    pairs = list(zip(folders, found, strict=True))
    if json:
        print_json([{"run": f.name, "path": str(f), **one._asdict()} for f, one in pairs])
    elif pairs:
        columns = [Column("run", str), Column("tags", " ".join), Column("note", str, long=True)]
        lines = [[f, one.tags or None, one.note or None] for f, one in pairs]
        print_table(Table(columns, lines))
    else:
        tell(f"no runs in {', '.join(places)} where {where}")
