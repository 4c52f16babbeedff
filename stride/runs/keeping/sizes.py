"""Count the bytes of folders."""

import os
from pathlib import Path


def folder_size(folder: Path) -> int:
    """Return the bytes of all files in a folder; what a link leads to is not counted."""
    if folder.is_symlink():
        return 0
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(root, name)).st_size
            except OSError:  # gone since the folder was read
                continue
    return total
