"""Rebuild a folder as a file system could leave it after a power cut.

What was synced is there: the content that a file had when it was synced, the names that a folder
had. Of the rest a file system is free to keep what it likes, in any order; a rename is done or
not, never half. A file's own sync makes no name of it durable, and a folder's no name of itself.
"""

import os
import random
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.integration.power_cut.recorder import ROOT, Cut, Names, Record, Sync, Told, Write

NAMES = ("all", "first", "some", "synced")
"""Which names survive beside those that were synced: all, as where a journal keeps their order; the
first so many of them; some, in any order; none."""

CONTENTS = ("synced", "torn", "zeros", "all")
"""What survives of what files got since they were synced: nothing; a beginning, torn somewhere; the
size alone, with zeros; all of it."""

WAYS = (
    ("all", "synced"),
    ("synced", "synced"),
    ("some", "torn"),
    ("all", "zeros"),
    ("first", "all"),
    ("all", "torn"),
    ("some", "synced"),
)
"""Names and contents that survive together."""


@dataclass
class _File:
    """A file: what was synced of it, and what has happened to it since."""

    synced: bytes = b""
    since: list[Write | Cut] = field(default_factory=list)

    def content(self, kept: str, chance: random.Random) -> bytes:
        content = bytearray(self.synced)
        since = self.since[: chance.randint(0, len(self.since))] if kept == "torn" else self.since
        for change in since if kept != "synced" else []:
            if isinstance(change, Cut):
                content = content[: change.size].ljust(change.size, b"\0")
                continue
            offset, data = change.offset, change.data
            if kept == "torn" and change is since[-1]:
                data = data[: chance.randint(0, len(data))]
            if kept == "zeros":
                old = bytes(content[offset : offset + len(data)])
                data = old.ljust(len(data), b"\0")
            content = content.ljust(offset, b"\0")
            content[offset : offset + len(data)] = data
        return bytes(content)

    def sync(self) -> None:
        self.synced, self.since = self.content("all", random.Random()), []


class Left(NamedTuple):
    """A file or folder that is left: its mode, and what is in a file."""

    mode: int
    content: bytes | None


Tree = dict[str, Left]
"""What is left of a folder, by paths in it."""


class Disk:
    """What a disk knows after the first so many operations of a record."""

    def __init__(self, record: Record, cut: int) -> None:
        self._modes = record.modes
        self._files: dict[int, _File] = {}
        self._names: list[Names] = []
        self._durable: set[int] = set()  # places in the list of names
        self.told: list[Told] = []
        for operation in record.operations[:cut]:
            self._do(operation)

    def _do(self, operation: object) -> None:
        match operation:
            case Names():
                self._names.append(operation)
            case Write() | Cut():
                self._files.setdefault(operation.file, _File()).since.append(operation)
            case Sync(what) if self._is_folder(what):
                self._durable |= {
                    place
                    for place, names in enumerate(self._names)
                    if any(folder == what for folder, _, _ in names.changes)
                }
            case Sync(what):
                self._files.setdefault(what, _File()).sync()
            case Told():
                self.told.append(operation)

    def _is_folder(self, what: int | None) -> bool:
        return what is not None and stat.S_ISDIR(self._modes[what])

    def tree(self, names: str, contents: str, chance: random.Random) -> Tree:
        """Return what is left.

        Args:
            names: one of NAMES.
            contents: one of CONTENTS.
            chance: draws what else survives.
        """
        entries: dict[int, dict[str, int]] = {}
        for change in self._kept(names, chance):
            for folder, name, what in change.changes:
                if self._is_folder(what):  # a folder has one name
                    for others in entries.values():
                        for other in [n for n, number in others.items() if number == what]:
                            del others[other]
                if what is None:
                    entries.setdefault(folder, {}).pop(name, None)
                else:
                    entries.setdefault(folder, {})[name] = what
        tree: Tree = {}
        self._walk(ROOT, "", entries, tree, contents, chance)
        return tree

    def _kept(self, names: str, chance: random.Random) -> Iterable[Names]:
        last = max(self._durable, default=-1)
        upto = chance.randint(last + 1, len(self._names)) if names == "first" else 0
        return [
            change
            for place, change in enumerate(self._names)
            if place in self._durable
            or names == "all"
            or (names == "first" and place < upto)
            or (names == "some" and chance.random() < 0.5)
        ]

    def _walk(
        self,
        folder: int,
        above: str,
        entries: dict[int, dict[str, int]],
        tree: Tree,
        contents: str,
        chance: random.Random,
    ) -> None:
        for name, number in sorted(entries.get(folder, {}).items()):
            path = os.path.join(above, name)
            mode = self._modes[number]
            if self._is_folder(number):
                tree[path] = Left(mode, None)
                self._walk(number, path, entries, tree, contents, chance)
            else:
                content = self._files.get(number, _File()).content(contents, chance)
                tree[path] = Left(mode, content)


def lay(tree: Tree, root: Path) -> None:
    """Make the folders and files of a tree."""
    root.mkdir(parents=True)
    for name, left in tree.items():
        path = root / name
        if left.content is None:
            path.mkdir()
        else:
            path.write_bytes(left.content)
        path.chmod(stat.S_IMODE(left.mode))


def read(root: Path) -> Tree:
    """Return the tree of a folder."""
    paths = {str(path.relative_to(root)): path for path in sorted(root.rglob("*"))}
    return {
        name: Left(path.stat().st_mode, None if path.is_dir() else path.read_bytes())
        for name, path in paths.items()
    }
