"""Delete checkpoints of runs that have ended; every record stays."""

import re
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from stride.errors import RunError, UserError
from stride.runs.files.atomic import atomic_json, remove_folder
from stride.runs.keeping.in_use import require_unused
from stride.runs.keeping.needs import find_needs
from stride.runs.layout import TEMPORARY_PREFIX, RunPaths
from stride.runs.listing.query import list_runs
from stride.runs.listing.rows.read import read_row
from stride.runs.ownership.places import is_owned
from stride.runs.records.checkpoint import CheckpointIndex
from stride.runs.records.status import StatusRecord
from stride.runs.status import RESUMABLE
from stride.runs.tags.names import checked_tag
from stride.runs.tags.tags_json import read_tags

_LEFT = re.compile(re.escape(TEMPORARY_PREFIX) + r"[0-9a-f]{12}-.+_epoch_.+")
_WORDS = ("best", "last", "none")


@dataclass(frozen=True)
class Keep:
    """Say which checkpoints stay.

    Attributes:
        best: whether the best of each run does.
        last: whether the last does.
        tags: all of runs with one of these tags do.
    """

    best: bool = False
    last: bool = False
    tags: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> "Keep":
        """Read `best,last,tag:paper`, or `none`.

        Raises:
            UserError: a word is none of these.
        """
        words = [word.strip() for word in text.split(",")]
        tags = [checked_tag(word[4:]) for word in words if word.startswith("tag:")]
        others = [word for word in words if not word.startswith("tag:")]
        wrong = [word for word in others if word not in _WORDS]
        if wrong or ("none" in words and len(words) > 1):
            what = f"{wrong[0]!r} is nothing to keep" if wrong else "'none' with something to keep"
            raise UserError(what, where="--keep", hint="type: best,last,tag:TAG or none")
        return cls("best" in words, "last" in words, frozenset(tags))


@dataclass(frozen=True)
class Pruning:
    """Hold what is to be deleted of one run.

    Attributes:
        paths: the run.
        names: of the checkpoints that go.
        kept: of those that stay.
        left: folders that a process which was killed has left; they go too.
    """

    paths: RunPaths
    names: tuple[str, ...]
    kept: tuple[str, ...]
    left: tuple[Path, ...] = ()

    def folders(self) -> list[Path]:
        """Return the folders of the checkpoints that go, and what all of them alone need."""
        going = [self.paths.checkpoint(name).path for name in self.names]
        needed = bool(self.kept) or not going or self.paths.replay.is_symlink()
        return going if needed or not self.paths.replay.is_dir() else [*going, self.paths.replay]


def plan(paths: RunPaths, keep: Keep) -> Pruning:
    """Return which checkpoints of a run go, and delete nothing.

    Of a run that can be resumed the last one stays, whatever is to be kept; likewise where the best
    is to stay and none is known.

    Raises:
        RunError: a process works on the run, or its records are broken.
    """
    require_unused(paths)
    row = read_row(paths.path)
    if row.broken is not None:
        raise RunError(f"run {paths.name} cannot be read: {row.broken}", where=str(paths.path))
    uuid = StatusRecord.read(paths.status).uuid
    names = [
        name
        for name in paths.checkpoint_names()
        if is_owned(paths, paths.checkpoint(name).path, uuid)
    ]
    left = _left(paths)
    if keep.tags & {*read_tags(paths).tags}:
        return Pruning(paths, (), tuple(names), left)
    kept: set[str] = set()
    best = _best(paths)
    if keep.best and best in names:
        kept.add(best)
    if keep.last or (keep.best and not kept) or row.state in {*RESUMABLE, "waiting"}:
        kept.update(names[-1:])
    return Pruning(
        paths,
        tuple(name for name in names if name not in kept),
        tuple(name for name in names if name in kept),
        left,
    )


def require_unneeded(prunings: Iterable[Pruning]) -> None:
    """Refuse to delete checkpoints into which configs of other runs lead.

    Raises:
        RunError: says of the first which run needs it.
    """
    going: dict[Path, list[Path]] = {}
    for pruning in prunings:
        going.setdefault(pruning.paths.path.parent, []).extend(pruning.folders())
    for work_dir, folders in going.items():
        if folders:
            for need in find_needs(folders, work_dir, list_runs(work_dir)):
                need.refuse(f"checkpoint {need.folder.name}")


def prune(pruning: Pruning) -> None:
    """Delete what a plan says: the index first, that it names nothing which is not there.

    Raises:
        RunError: a process has begun to work on the run.
        StrideError: the index cannot be written.
    """
    paths = pruning.paths
    require_unused(paths)
    index = _index(paths)
    if pruning.names and index is not None:
        atomic_json(paths.checkpoint_index, _without(index, pruning.names).to_json())
    require_unused(paths)
    for folder in (*pruning.folders(), *pruning.left):
        remove_folder(folder)


def _without(index: CheckpointIndex, names: Collection[str]) -> CheckpointIndex:
    """Return an index that does not name some checkpoints."""
    entries = [entry for entry in index.entries if entry.name not in names]
    return index.model_copy(
        update={
            "entries": entries,
            "best": None if index.best in names else index.best,
            "last": entries[-1].name if entries else None,
        }
    )


def _index(paths: RunPaths) -> CheckpointIndex | None:
    """Return the list of a run's checkpoints; None for a run that was killed before it had one."""
    return CheckpointIndex.read(paths.checkpoint_index) if paths.checkpoint_index.exists() else None


def _best(paths: RunPaths) -> str | None:
    index = _index(paths)
    return None if index is None else index.best


def _left(paths: RunPaths) -> tuple[Path, ...]:
    if paths.checkpoints.is_symlink():  # behind it may be another run's
        return ()
    with suppress(OSError):
        found = sorted(paths.checkpoints.iterdir())
        return tuple(path for path in found if _LEFT.fullmatch(path.name))
    return ()
