"""Read the git state of a folder, and the patch that leads from its commit to its files."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stride.runs.layout import WorkDirPaths
from stride.runs.provenance.git_command import Git, GitFailed
from stride.runs.provenance.git_status import Change, read_status
from stride.runs.provenance.git_untracked import patch_of_untracked

_PRIVATE = WorkDirPaths(Path()).private.name
PATCH_LIMIT = 16 * 2**20  # bytes of a patch, or of a file in it; more is data, not code
_DIFF = (
    "diff",
    "--binary",
    "--ignore-submodules=dirty",
    "--full-index",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
)
_FORMAT = ("--src-prefix=a/", "--dst-prefix=b/", "--submodule=short")  # whatever the user's config


def git_state(
    folder: str | os.PathLike[str] = ".",
    *,
    timeout: float = 5.0,
    exclude: Sequence[str | os.PathLike[str]] = (),
) -> tuple[dict[str, Any], bytes]:
    """Return the git state of folder, and the patch from its commit to the files as they are.

    The patch holds staged and unstaged changes and untracked text files; `git apply` takes it.
    Very long files and what is changed inside of submodules are left out, and named. The user's
    index is not written. A git that is missing, fails or hangs is not an error: the state says so
    under `reason`, and what was found until then is kept.

    Args:
        folder: any folder of the repository.
        timeout: seconds for all calls of git together.
        exclude: folders whose files count neither as changes nor as untracked (the work_dir).
    """
    state: dict[str, Any] = {
        "root": None,
        "commit": None,
        "branch": None,
        "dirty": None,
        "left_out": [],
        "patch_sha256": None,
        "reason": "",
    }
    git = Git(Path(folder), timeout)
    try:
        with tempfile.TemporaryDirectory(prefix="stride-") as private:
            return state, _fill(state, git, exclude, private)
    except GitFailed as failure:
        state["reason"] = str(failure)
        return state, b""


def _fill(
    state: dict[str, Any], git: Git, exclude: Sequence[str | os.PathLike[str]], private: str
) -> bytes:
    root, index = _root_and_index(git)
    git.folder, state["root"] = root, str(root)
    _distrust_submodules(git, root)
    _leave_index(git, index, private)
    paths = _pathspec(root, exclude)
    status = read_status(
        git(
            "status",
            "--porcelain=v2",
            "--branch",
            "-z",
            "--untracked-files=all",
            "--ignore-submodules=none",
            "--",
            *paths,
        )
    )
    state["commit"], state["branch"] = status.commit, status.branch
    state["dirty"] = bool(status.changes or status.untracked)
    base = _base(state, git)
    too_long, in_submodules = _too_long(git, status.changes), _in_submodules(status.changes)
    changed = [*dict.fromkeys(too_long.values()), *in_submodules]
    if changed:
        state["reason"] = f"the patch is without changes of {', '.join(changed)}"
    left = [f":(exclude,top,literal){path}" for path in too_long]
    diff = git(*_DIFF, *_FORMAT, base, "--", *paths, *left) if status.changes else b""
    if len(diff) > PATCH_LIMIT:
        state["reason"] = f"a patch of {len(diff):,} bytes is left out (limit {PATCH_LIMIT:,})"
        return b""
    added, unknown = patch_of_untracked(root, status.untracked, PATCH_LIMIT - len(diff))
    state["left_out"] = changed + unknown
    patch = diff + added
    state["patch_sha256"] = hashlib.sha256(patch).hexdigest() if patch else None
    return patch


def _in_submodules(changes: Sequence[Change]) -> list[str]:
    return [f"{one.path} (a submodule with changes of its own)" for one in changes if one.submodule]


def _too_long(git: Git, changes: Sequence[Change]) -> dict[str, str]:
    """Return by their paths the changed files that are too long: git would pack them whole.

    They are named with what they have or had, whichever is longer.
    """
    if not changes:
        return {}
    asked = "".join(f"{one.blob}\n" for one in changes).encode()
    answers = git("cat-file", "--batch-check=%(objecttype) %(objectsize)", data=asked)
    found: dict[str, str] = {}
    for change, answer in zip(changes, answers.decode().splitlines(), strict=True):
        kind, _, size = answer.partition(" ")
        length = max(int(size) if kind == "blob" else 0, _length(git.folder / change.path))
        if length > PATCH_LIMIT:
            found |= dict.fromkeys(
                (change.before, change.path), f"{change.path} ({length:,} bytes)"
            )
    return found


def _length(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:  # it is gone
        return 0


def _root_and_index(git: Git) -> tuple[Path, Path]:
    """Ask for both paths at once, as each call is a process.

    Between them stands a `false`, as what has a root is not bare: a path may be of several lines.
    """
    asked = ("--show-toplevel", "--is-bare-repository", "--git-path", "index")
    root, _, index = _line(git("rev-parse", *asked)).partition("\nfalse\n")
    return Path(root), git.folder / index


def _leave_index(git: Git, index: Path, private: str) -> None:
    """Let git work on a copy of the index.

    `git diff` writes a refreshed index, and `--no-optional-locks` does not hinder it. The copy
    keeps the time: git reads the files that changed no earlier than its index was written, since
    their times cannot tell whether they changed since.
    """
    git.environment["GIT_INDEX_FILE"] = copy = os.path.join(private, "index")
    if index.exists():  # there is none before the first `git add`
        shutil.copy2(index, copy)


def _distrust_submodules(git: Git, folder: Path) -> None:
    """Run no program that a submodule names: git looks for changes in each, by its own config."""
    entries = git("-C", str(folder), "ls-files", "--stage", "-z").split(b"\0")
    for entry in (one for one in entries if one.startswith(b"160000 ")):  # of thousands of files
        submodule = folder / os.fsdecode(entry.partition(b"\t")[2])
        if (submodule / ".git").exists():
            git.run_nothing_of(submodule)
            _distrust_submodules(git, submodule)


def _line(output: bytes) -> str:
    return os.fsdecode(output.removesuffix(b"\n"))


def _base(state: dict[str, Any], git: Git) -> str:
    """Return what to compare with: the commit, or the empty tree where there is none yet."""
    if state["commit"]:
        return str(state["commit"])
    state["reason"] = "the repository has no commit yet"
    return git("hash-object", "-t", "tree", "--stdin").decode().strip()


def _pathspec(root: Path, exclude: Sequence[str | os.PathLike[str]]) -> list[str]:
    inside = [path for path in map(_real, exclude) if path != root and path.is_relative_to(root)]
    excluded = [f":(exclude,top,literal){path.relative_to(root).as_posix()}" for path in inside]
    # STRIDE's own files in other work_dirs are not code either.
    return [".", f":(exclude,top,glob)**/{_PRIVATE}/**", *excluded]


def _real(path: str | os.PathLike[str]) -> Path:
    return Path(os.path.realpath(path))
