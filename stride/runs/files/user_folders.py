"""Find the user's own folders, and tell whether they are private."""

import os
import stat
from pathlib import Path


def user_folder(variable: str, *default: str) -> Path:
    """Return STRIDE's folder below what an XDG variable names, or below its default at home.

    Args:
        variable: XDG_CACHE_HOME or XDG_STATE_HOME; a relative path there counts for none.
        default: the default's parts, below the home folder.
    """
    chosen = os.environ.get(variable, "")
    home = chosen if os.path.isabs(chosen) else os.path.join(os.path.expanduser("~"), *default)
    return Path(home, "stride")


def user() -> int:
    """Return the number of the user who runs this process, 0 where there are none."""
    return os.getuid() if hasattr(os, "getuid") else 0


def is_private(folder: Path) -> bool:
    """Tell whether the user alone can have put a file into a folder.

    Raises:
        OSError: there is none.
    """
    found = os.lstat(folder)
    mine = stat.S_ISDIR(found.st_mode) and found.st_uid == user()
    return os.name == "nt" or (mine and not found.st_mode & 0o022)


def is_secret(descriptor: int) -> bool:
    """Tell whether the user alone can read and write an open file."""
    found = os.fstat(descriptor)
    mine = stat.S_ISREG(found.st_mode) and found.st_uid == user()
    return os.name == "nt" or (mine and not found.st_mode & 0o077)
