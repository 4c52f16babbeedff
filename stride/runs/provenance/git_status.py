"""Read what `git status --porcelain=v2 --branch -z` prints."""

import os
from typing import NamedTuple

_FIELDS = {"1": 8, "2": 9, "u": 10}  # before the path, by the kind of entry


class Change(NamedTuple):
    """A tracked file that is not as in the commit.

    Attributes:
        path: below the top of the repository.
        before: where it was, if it was renamed; else the same.
        blob: the object that the commit has for it; zeros for none.
        submodule: whether it is a repository of its own, with changes that are not committed.
    """

    path: str
    before: str
    blob: str
    submodule: bool


class Status(NamedTuple):
    """The commit and branch (None for none), and what is not as in the commit."""

    commit: str | None
    branch: str | None
    changes: list[Change]
    untracked: list[str]


def read_status(output: bytes) -> Status:
    """Return the status that git printed."""
    entries = iter([os.fsdecode(entry) for entry in output.split(b"\0") if entry])
    header: dict[str, str] = {}
    changes: list[Change] = []
    untracked: list[str] = []
    for entry in entries:
        kind, _, rest = entry.partition(" ")
        if kind == "#":
            name, _, value = rest.partition(" ")
            header[name] = value
        elif kind == "?":
            untracked.append(rest)
        elif kind in _FIELDS:
            # The second half of a rename is a bare path, and may begin with anything.
            changes.append(_change(entry, kind, next(entries) if kind == "2" else None))
    commit, branch = header.get("branch.oid"), header.get("branch.head")
    return Status(
        None if commit == "(initial)" else commit,
        None if branch == "(detached)" else branch,
        changes,
        untracked,
    )


def _change(entry: str, kind: str, before: str | None) -> Change:
    *fields, path = entry.split(" ", _FIELDS[kind])
    blob = fields[7] if kind == "u" else fields[6]
    dirty = fields[2].startswith("S") and not fields[2].endswith("..")
    return Change(path, path if before is None else before, blob, dirty)
