"""Copy the code that a job is to run, as it is now."""

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stride.errors import UserError
from stride.runs.provenance.git_command import Git, GitFailed
from stride.runs.provenance.worktree import relocate

_SECONDS = 60.0


@dataclass(frozen=True)
class Code:
    """The tracked files of the current repository, in their current state.

    Attributes:
        root: top folder of the repository, None where there is none.
        names: its tracked files, relative to it.
        reason: why there is no repository.
    """

    root: Path | None = None
    names: Sequence[str] = field(default=(), repr=False)
    reason: str = ""

    @classmethod
    def here(cls, *, exclude: Path) -> "Code":
        """Look at the repository of the current folder.

        Args:
            exclude: the work_dir, whose files are not code.
        """
        git = Git(Path(), _SECONDS)
        try:
            root = Path(os.fsdecode(git("rev-parse", "--show-toplevel")).rstrip("\n"))
            git.folder = root
            listed = os.fsdecode(git("ls-files", "-z", "--recurse-submodules"))
        except GitFailed as error:
            return cls(reason=str(error))
        runs = Path(os.path.realpath(exclude))
        files = [name for name in listed.split("\0") if name and (root / name).exists()]
        return cls(root, [name for name in files if not (root / name).is_relative_to(runs)])

    def require_imported(self) -> None:
        """Refuse modules that the config has loaded and the copy would not have.

        Raises:
            UserError: names the files.
        """
        if self.root is None:
            return
        missing = sorted(_own_modules(self.root) - {*self.names})
        if missing:
            raise UserError(
                f"git does not track {', '.join(missing[:5])}: the job would not have it",
                where=str(self.root),
                hint=f"type: git -C {self.root} add {' '.join(missing[:5])}",
            )

    def copy_to(self, folder: Path) -> None:
        """Copy the files; a link stays one, to the same place."""
        if self.root is None:
            return
        for name in self.names:
            source, copy = self.root / name, folder / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            if source.is_symlink():
                copy.symlink_to(self._target(source))
            elif source.is_file():
                shutil.copy2(source, copy)
        self._in(folder, os.getcwd()).mkdir(parents=True, exist_ok=True)

    def _target(self, link: Path) -> str:
        """Return where a link leads to in the copy."""
        text, real = os.readlink(link), os.path.realpath(link)
        inside = os.path.relpath(real, self.root)
        copied = any(name == inside or name.startswith(f"{inside}/") for name in self.names)
        return text if copied and not os.path.isabs(text) else real

    def folder(self, copy: Path) -> Path:
        """Return what the current folder is for a job that runs the copy."""
        return self._in(copy, os.getcwd())

    def path(self, copy: Path) -> list[str]:
        """Return the search path of Python for such a job, without what Python finds itself.

        The folder that the job works in is not named: it is searched last, as it is here.
        """
        prefixes = tuple({sys.prefix, sys.base_prefix, sys.exec_prefix})
        here = os.path.realpath(os.getcwd())
        others = [entry for entry in sys.path if os.path.realpath(entry) != here]
        own = [entry for entry in others if not entry.startswith(prefixes)]
        return list(dict.fromkeys(str(self._in(copy, entry)) for entry in own))

    def _in(self, copy: Path, place: str) -> Path:
        return Path(place) if self.root is None else Path(relocate(place, self.root, copy))


def _own_modules(root: Path) -> set[str]:
    """Return the files below a folder that have been imported, but for installed ones."""
    files = (getattr(module, "__file__", None) for module in [*sys.modules.values()])
    # Some of torch's modules name files that are not there.
    places = {Path(os.path.realpath(file)) for file in files if file and os.path.isabs(file)}
    return {
        place.relative_to(root).as_posix()
        for place in places
        if place.is_relative_to(root)
        and not place.is_relative_to(sys.prefix)
        and "site-packages" not in place.parts
    }
