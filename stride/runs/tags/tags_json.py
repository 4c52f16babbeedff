"""Read and change a run's tags and note: the user's own, which no record and no digest covers."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from stride.errors import RunError, StrideError
from stride.runs.files.atomic import atomic_json, read_record
from stride.runs.files.durable import os_errors_as, sync_folder
from stride.runs.files.lock import locked
from stride.runs.layout import FORMAT_VERSION, RunPaths
from stride.runs.tags.names import is_tag, parse_changes

NOTE_LENGTH = 10_000
BROKEN = "(broken)"
_HINT = "mend the file, or remove it"
_NAME = RunPaths(Path()).tags.name


class Tags(NamedTuple):
    """Hold what a user says of a run.

    Attributes:
        tags: sorted.
        note: the empty text where there is none.
    """

    tags: tuple[str, ...] = ()
    note: str = ""


def read_tags(paths: RunPaths) -> Tags:
    """Return a run's tags and note; a run without tags.json has none.

    Raises:
        RunError: tags.json is broken.
    """
    try:
        record = read_record(paths.tags)
    except RunError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return Tags()
        if not isinstance(error.__cause__, OSError):
            error.hint = error.hint or _HINT
        raise
    tags, note = record.get("tags", []), record.get("note", "")
    if not isinstance(note, str) or not isinstance(tags, list) or not all(map(is_tag, tags)):
        what = f"{paths.tags.name} holds no tags and note"
        raise RunError(what, where=str(paths.tags), hint=_HINT)
    return Tags(tuple(sorted({*tags})), note)


def known_tags(folder: Path) -> Tags:
    """Return what `read_tags` does, and nothing of a broken file: `stride verify` names it."""
    try:
        return _read_tags_there(folder)
    except RunError:
        return Tags()


def shown_tags(folder: Path) -> tuple[str, ...]:
    """Return a run's tags as a listing shows them: of a broken file a word that no tag can be."""
    try:
        return _read_tags_there(folder).tags
    except RunError:
        return (BROKEN,)


def _read_tags_there(folder: Path) -> Tags:
    if not os.path.lexists(f"{folder}{os.sep}{_NAME}"):  # thousands of runs are asked
        return Tags()
    return read_tags(RunPaths(folder))


def change_tags(paths: RunPaths, changes: Iterable[str]) -> Tags:
    """Add and remove tags of a run, whoever else does so at the same time.

    Args:
        paths: of the run.
        changes: `+paper` or `paper` adds a tag, `-old` removes one that need not be there.

    Returns:
        what the run has then.

    Raises:
        RunError: a tag's name is refused, or tags.json is broken.
        StrideError: the file cannot be written.
    """
    added, removed = parse_changes(changes)

    def changed(found: Tags) -> Tags:
        return found._replace(tags=tuple(sorted({*found.tags, *added} - {*removed})))

    return _change(paths, changed)


def write_note(paths: RunPaths, note: str) -> Tags:
    """Put a note in the place of a run's note; the empty text removes it.

    Raises:
        RunError: the note is too long, or tags.json is broken.
        StrideError: the file cannot be written.
    """
    if len(note) > NOTE_LENGTH:
        what = f"the note has {len(note):,} characters, more than {NOTE_LENGTH:,}"
        raise RunError(what, where=str(paths.path), hint="put a file into the run's folder")
    return _change(paths, lambda found: found._replace(note=note.strip()))


def _change(paths: RunPaths, change: Callable[[Tags], Tags]) -> Tags:
    """Change tags.json under its lock."""
    with os_errors_as("cannot write", paths.path):
        os.stat(paths.path)  # the lock would make the folder anew
        with locked(paths.tags_lock):
            found = read_tags(paths)
            changed = change(found)
            if changed != found:
                _write(paths, changed)
    return changed


def _write(paths: RunPaths, changed: Tags) -> None:
    if changed == Tags():
        os.unlink(paths.tags)
        sync_folder(paths.path)
        return
    record = {"format_version": FORMAT_VERSION, "tags": list(changed.tags)}
    note = {"note": changed.note} if changed.note else {}
    for again in (True, False):
        try:
            atomic_json(paths.tags, record | note)
            return
        except StrideError as error:
            # A training that begins at this moment takes unfinished files of others away.
            if not (again and isinstance(error.__cause__, FileNotFoundError)):
                raise
