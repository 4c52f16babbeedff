"""Put the code that a run was made with into a folder of its own, for a while."""

import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from stride.errors import RunError
from stride.log import LOGGER
from stride.runs.files.atomic import read_record
from stride.runs.files.digest import sha256
from stride.runs.files.durable import os_errors_as
from stride.runs.files.safe_open import read_own
from stride.runs.layout import RunPaths
from stride.runs.provenance.git_command import Git, GitFailed
from stride.runs.provenance.origin_digest import git_facts, origin_digest

PATCH_LIMIT = 2**30
"""Bytes of the largest patch that is read."""


class RecordedCode(NamedTuple):
    """Name a copy of the code as it was.

    Attributes:
        folder: what the working directory of the run is in the copy.
        path: the search path of Python, the repository's own folders replaced by the copy's.
    """

    folder: Path
    path: list[str]


@contextmanager
def recorded_code(
    paths: RunPaths, require: Callable[[Mapping[str, str]], object]
) -> Iterator[RecordedCode]:
    """Check out the recorded commit with the recorded patch, until the block ends.

    The repository's own working tree and index are not touched. A warning names the repository
    before anything of it is read, and no hook, filter or monitor that it names is run.

    Args:
        paths: of the run.
        require: refuses the code by an exception; it is given file name -> digest of what was read,
            as a signature has it.

    Raises:
        RunError: the run records no commit, the repository or commit is gone, or the patch is
            gone, damaged or does not apply.
    """
    provenance, patch = read_record(paths.provenance), _patch(paths)
    digests = {} if patch is None else {paths.code_patch.name: hashlib.sha256(patch).hexdigest()}
    git = git_facts(provenance)
    root, commit = _recorded_place(paths, git)
    _require_patch(paths, git, digests.get(paths.code_patch.name))
    require({paths.provenance.name: origin_digest(provenance), **digests})
    LOGGER.warning("the code is that of %s at commit %s", root, commit)
    if isinstance(left_out := git.get("left_out"), list) and left_out:
        LOGGER.warning("the recorded code is without %s", ", ".join(map(str, left_out)))
    repository = Git(root)
    with tempfile.TemporaryDirectory(prefix="stride-code-") as temporary:
        tree = Path(temporary, root.name)
        _call(repository, "worktree", "add", "--quiet", "--detach", str(tree), commit)
        try:
            if patch is not None:
                _call(Git(tree), "apply", "--whitespace=nowarn", data=patch)
            folder = relocate(str(provenance.get("folder", root)), root, tree)
            yield RecordedCode(Path(folder), [relocate(entry, root, tree) for entry in sys.path])
        finally:
            _call(repository, "worktree", "remove", "--force", str(tree))


def _recorded_place(paths: RunPaths, git: Mapping[str, Any]) -> tuple[Path, str]:
    """Return the repository and the commit that a run records."""
    if not git.get("commit"):
        raise RunError(
            f"the run records no commit: {git.get('reason') or 'it was not in git'}",
            where=str(paths.path),
            hint="reproduce without --code",
        )
    root, commit = str(git.get("root")), str(git["commit"])
    if not (os.path.isabs(root) and re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", commit)):
        what = f"{paths.provenance.name} names no commit of a repository"
        raise RunError(what, where=str(paths.path), hint="reproduce without --code")
    return Path(root), commit


def _patch(paths: RunPaths) -> bytes | None:
    """Return the recorded patch, None where there is none."""
    if not os.path.lexists(paths.code_patch):
        return None
    with os_errors_as("cannot read", paths.code_patch, RunError):
        return read_own(paths.code_patch, PATCH_LIMIT)


def _require_patch(paths: RunPaths, git: Mapping[str, Any], found: str | None) -> None:
    """Refuse code whose patch is gone or another.

    Args:
        paths: of the run.
        git: what it records.
        found: digest of the patch, None where there is none.
    """
    if fault := _fault(git.get("patch_sha256"), found):
        raise RunError(
            f"{paths.code_patch.name}: {fault}",
            where=str(paths.path),
            hint="restore it from a copy of the run, or reproduce without --code",
        )


def _fault(recorded: Any, found: str | None) -> str:
    if recorded is None:
        return ""
    if found is None:
        return "it is missing"
    return "" if found == recorded else "damaged: its SHA-256 is not the recorded one"


def fault_of_patch(paths: RunPaths, git: Mapping[str, Any]) -> str:
    """Say what is wrong with a run's patch; nothing where it is as recorded, or none was.

    Raises:
        RunError: it cannot be read, or is not a file of the run's own.
    """
    recorded = git.get("patch_sha256")
    if recorded is None or not os.path.lexists(paths.code_patch):
        return _fault(recorded, None)
    with os_errors_as("cannot read", paths.code_patch, RunError):
        return _fault(recorded, sha256(paths.code_patch, PATCH_LIMIT))


def relocate(place: str, root: Path, tree: Path) -> str:
    """Return a place below the repository as it is in the copy, any other as it is."""
    path = Path(os.path.realpath(place or "."))
    inside = path.is_relative_to(root) and not path.is_relative_to(Path(sys.prefix))
    return str(tree / path.relative_to(root)) if inside else str(path)


def _call(git: Git, command: str, *words: str, data: bytes | None = None) -> None:
    try:
        git(command, *words, data=data)
    except GitFailed as failure:
        raise RunError(
            f"git {command} failed: {failure}",
            where=str(git.folder),
            hint="reproduce without --code, with the code checked out by hand",
        ) from None
