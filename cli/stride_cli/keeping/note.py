"""`stride note`."""

from stride_cli.address import find
from stride_cli.output import say


def run(text: str, note: str | None) -> None:
    """Write a run's note, or print it."""
    from stride.runs.layout import RunPaths
    from stride.runs.tags.tags_json import read_tags, write_note

    paths = RunPaths(find(text))
    found = read_tags(paths) if note is None else write_note(paths, note)
    if found.note:
        say(found.note)
