"""Find out which runs need another one that is to be thrown away.

A run has in its own folder what it began from: start weights, the checkpoint that it was forked
from, helper networks. It needs another run where its config leads into that run's folder, as for
its data; for start weights only until it has begun. And a reproduction compares itself with its
original at its end.
"""

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from stride.errors import RunError
from stride.runs.files.atomic import read_record
from stride.runs.files.encoding import load_json
from stride.runs.files.safe_open import read_own
from stride.runs.layout import RunPaths, WorkDirPaths
from stride.runs.listing.rows.row import RunRow
from stride.runs.status import ACTIVE

_BEGINNING = ("queued", "created")


class Need(NamedTuple):
    """Hold that one run needs another.

    Attributes:
        by: the folder of the run that needs, or the work_dir whose new runs would.
        folder: of the run that is needed, or in it.
        why: the key of the config that leads there, or what it is needed for.
    """

    by: Path
    folder: Path
    why: str

    def refuse(self, what: str) -> NoReturn:
        """Refuse to let it go.

        Raises:
            RunError: always.
        """
        where, hint = str(self.folder), f"remove {self.by} first, or both at once"
        raise RunError(f"{what} is needed by {self.by}: {self.why}", where=where, hint=hint)


def find_needs(folders: Collection[Path], work_dir: Path, rows: Iterable[RunRow]) -> list[Need]:
    """Return which runs need folders that are to go: runs, or checkpoints.

    Args:
        folders: that are to go, all in one work_dir.
        work_dir: whose new runs may need them too.
        rows: of the runs of that work_dir.
    """
    going = _Going(folders)
    found: list[Need] = []
    for row in rows:
        if os.path.realpath(row.path) not in going.places:
            found += going.needed_by(row)
    return [*found, *going.needed_by_new(work_dir)]


class _Going:
    """The folders that are to go."""

    def __init__(self, folders: Collection[Path]) -> None:
        self.places = {os.path.realpath(folder): folder for folder in folders}
        names = b"|".join(re.escape(os.fsencode(folder.name)) for folder in folders)
        # Of thousands of configs only those are parsed that may lead there.
        self._mention = re.compile(b'["/](?:%s)["/]' % names)

    def needed_by(self, row: RunRow) -> Iterator[Need]:
        paths = RunPaths(row.path)
        for key, value in self._texts(paths.config):
            begun = row.state not in _BEGINNING
            if begun and _is_copied(key):
                continue
            for folder in (_folder(paths), os.getcwd()):
                if (run := self._leads_to(folder, value)) is not None:
                    yield Need(row.path, run, f"its {key} is {value}")
                    break
        if row.state in ACTIVE and (run := self._original(paths)) is not None:
            yield Need(row.path, run, "it reproduces it, and compares itself with it at its end")

    def needed_by_new(self, work_dir: Path) -> Iterator[Need]:
        config = WorkDirPaths(work_dir).config
        for key, value in self._texts(config):
            if (run := self._leads_to(os.getcwd(), value)) is not None:
                yield Need(config, run, f"its {key} is {value}")

    def _texts(self, config: Path) -> Iterator[tuple[str, str]]:
        with suppress(OSError, ValueError, RunError):  # a broken config names nothing
            content = read_own(config)
            if self._mention.search(content):
                yield from _texts(load_json(content))

    def _leads_to(self, folder: str, value: str) -> Path | None:
        """Return the folder into which a path leads."""
        place = Path(os.path.realpath(os.path.join(folder, os.path.expanduser(value))))
        return next(
            (self.places[p] for p in map(str, (place, *place.parents)) if p in self.places), None
        )

    def _original(self, paths: RunPaths) -> Path | None:
        """Return the run that another one reproduces."""
        with suppress(RunError, OSError):
            parent = read_record(paths.provenance).get("parent") or {}
            if parent.get("relation") == "reproduction":
                return self._leads_to("/", str(parent.get("run")))
        return None


def _is_copied(key: str) -> bool:
    """Tell whether a key names another run's weights, which a run copies when it begins."""
    first, *others = key.split(".")
    return first == "frozen" or "init_from" in others


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text in a config with its dotted key."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _texts(part, f"{key}.{name}".lstrip("."))
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part, key)


def _folder(paths: RunPaths) -> str:
    """Return the folder in which a run's command was typed."""
    with suppress(RunError):
        return str(read_record(paths.provenance).get("folder", "/"))
    return "/"
