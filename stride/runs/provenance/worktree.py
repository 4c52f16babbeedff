"""Put the code that a run was made with into a folder of its own, for a while."""

import hashlib
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from stride.errors import RunError
from stride.runs.files.atomic import read_record
from stride.runs.layout import RunPaths

LOGGER = logging.getLogger("stride")


class RecordedCode(NamedTuple):
    """Name a copy of the code as it was.

    Attributes:
        folder: what the working directory of the run is in the copy.
        path: the search path of Python, the repository's own folders replaced by the copy's.
    """

    folder: Path
    path: list[str]


@contextmanager
def recorded_code(paths: RunPaths) -> Iterator[RecordedCode]:
    """Check out the recorded commit with the recorded patch, until the block ends.

    The repository's own working tree and index are not touched.

    Raises:
        RunError: the run records no commit, the repository or commit is gone, or the patch is
            gone, damaged or does not apply.
    """
    provenance = read_record(paths.provenance)
    git: Mapping[str, Any] = provenance.get("git", {})
    if not git.get("commit"):
        raise RunError(
            f"the run records no commit: {git.get('reason') or 'it was not in git'}",
            where=str(paths.path),
            hint="reproduce without --code",
        )
    fault = fault_of_patch(paths, git)
    if fault:
        raise RunError(
            f"{paths.code_patch.name}: {fault}",
            where=str(paths.path),
            hint="restore it from a copy of the run, or reproduce without --code",
        )
    if git.get("left_out"):
        LOGGER.warning("the recorded code is without %s", ", ".join(git["left_out"]))
    root = Path(git["root"])
    with tempfile.TemporaryDirectory(prefix="stride-code-") as temporary:
        tree = Path(temporary, root.name)
        _git(root, "worktree", "add", "--quiet", "--detach", str(tree), git["commit"])
        try:
            if paths.code_patch.is_file():
                _git(tree, "apply", "--whitespace=nowarn", str(paths.code_patch.absolute()))
            folder = moved(provenance.get("folder", str(root)), root, tree)
            yield RecordedCode(Path(folder), [moved(entry, root, tree) for entry in sys.path])
        finally:
            _git(root, "worktree", "remove", "--force", str(tree))


def fault_of_patch(paths: RunPaths, git: Mapping[str, Any]) -> str:
    """Say what is wrong with a run's patch; nothing where it is as recorded, or none was."""
    recorded = git.get("patch_sha256")
    if recorded is None:
        return ""
    if not paths.code_patch.is_file():
        return "it is missing"
    found = hashlib.sha256(paths.code_patch.read_bytes()).hexdigest()
    return "" if found == recorded else "damaged: its SHA-256 is not the recorded one"


def moved(place: str, root: Path, tree: Path) -> str:
    """Return a place below the repository as it is in the copy, any other as it is."""
    path = Path(os.path.realpath(place or "."))
    inside = path.is_relative_to(root) and not path.is_relative_to(Path(sys.prefix))
    return str(tree / path.relative_to(root)) if inside else str(path)


def _git(folder: Path, *words: str) -> None:
    try:
        command: Sequence[str] = ("git", "-C", str(folder), *words)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise RunError(f"git does not start: {error.strerror}", where=str(folder)) from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise RunError(
            f"git {words[0]} failed: {last}",
            where=str(folder),
            hint="reproduce without --code, with the code checked out by hand",
        )
