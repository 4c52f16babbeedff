"""The folder that an export is written to: whole or not there, and never over what is another's."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from stride.errors import RunError, UserError
from stride.exchange.export.target import Target
from stride.runs.files.atomic import atomic_folder, read_json
from stride.runs.files.durable import os_errors_as
from stride.runs.files.encoding import json_bytes
from stride.runs.layout import RunPaths
from stride.version import __version__

MARK = ".stride-export.json"
"""Says, in a folder that was exported to, what it is and which files are its own."""


class Destination:
    """Hold where an export goes.

    Args:
        folder: that is made; one of an earlier export to the same tool is replaced as a whole.
        target: the tool.

    Raises:
        UserError: the folder has something that no export wrote, or is, or lies in, a run; or
            there cannot be such a one.
    """

    def __init__(self, folder: Path, target: Target) -> None:
        self.path, self._target = Path(os.path.realpath(folder)), target
        self._typed = folder
        with os_errors_as("cannot write", self.path, UserError):
            self._require_own_place()
            self._require_mine()
            self.replaces = self._is_filled()

    @contextmanager
    def filled(self) -> Iterator[Path]:
        """Give an empty folder to fill, which takes its place when all is there.

        Raises:
            UserError: something has come into that place meanwhile that no export wrote.
            StrideError: it cannot be written.
        """
        with atomic_folder(self.path, before_rename=self._require_mine) as folder:
            yield folder
            mark = {"stride": __version__, "to": self._target.name, "files": _files(folder)}
            (folder / MARK).write_bytes(json_bytes(mark, indent=2))

    def _require_own_place(self) -> None:
        """Refuse a run folder, what lies in one, and what the shell stands in."""
        for folder in (self.path, *self.path.parents):
            paths = RunPaths(folder)
            if os.path.lexists(paths.status) and os.path.lexists(paths.config):
                what = f"{self._typed} is, or lies in, the run {paths.name}, which is only read"
                raise self._refused(what)
        if Path.cwd().is_relative_to(self.path):
            raise self._refused(f"{self._typed} holds the folder that you are in")

    def _require_mine(self) -> None:
        """Refuse a file, and a folder in which something is not of an export to this tool."""
        if os.path.lexists(self.path) and not self.path.is_dir():
            raise self._refused(f"{self._typed} is a file")
        if not self._is_filled():
            return
        mark = _mark(self.path)
        if mark.get("to") != self._target.name:
            was = f"is an export to {mark['to']}" if "to" in mark else "was not made by an export"
            raise self._refused(f"{self._typed} {was}")
        ours = {MARK, *map(str, mark["files"])}
        others = [one for one in _files(self.path) if not self._is_own(one, ours)]
        if others:
            raise self._refused(f"{self._typed} has {others[0]}, which no export wrote")

    def _is_filled(self) -> bool:
        return self.path.is_dir() and any(self.path.iterdir())

    def _is_own(self, file: str, ours: set[str]) -> bool:
        stem = next((file.removesuffix(m) for m in self._target.marks if file.endswith(m)), file)
        return file in ours or stem in ours

    def _refused(self, what: str) -> UserError:
        hint = f"name another folder: -o export-{self._target.name}"
        return UserError(what, where="-o", hint=hint)


def _mark(folder: Path) -> dict[str, Any]:
    """Return what a folder says of itself, nothing where it is not an export."""
    try:
        found = read_json(folder / MARK)
    except RunError:
        return {}
    whole = isinstance(found, dict) and isinstance(found.get("files"), list)
    return found if whole and isinstance(found.get("to"), str) else {}


def _files(folder: Path) -> list[str]:
    """Return the files and the links below a folder, as paths from there."""
    found = (Path(root, name) for root, *names in os.walk(folder) for name in chain(*names))
    kept = (path for path in found if path.is_symlink() or not path.is_dir())
    return sorted(path.relative_to(folder).as_posix() for path in kept)
