"""Tell run folders from other folders."""

import os
from pathlib import Path

from stride.runs.layout import RunPaths, WorkDirPaths, is_number


def is_run_folder(path: Path) -> bool:
    """Tell whether a folder is a run, or what is left of one; a work_dir or any other is not."""
    try:
        names = set(os.listdir(path))
    except (FileNotFoundError, NotADirectoryError):  # gone since the work_dir was read
        return False
    except OSError:
        return True  # better shown with its reason than hidden
    if WorkDirPaths(path).private.name in names:
        return False
    # Without config.json, which the work_dir of another experiment may hold as well.
    paths = RunPaths(path)
    own = [paths.status, paths.segments, paths.provenance, paths.metrics, paths.results]
    if is_number(path.name):  # just claimed, or less is left of it; a folder of a date is neither
        own += [paths.config, paths.checkpoints, paths.weights, paths.logs]
    just_claimed = is_number(path.name) and not names
    return just_claimed or any(file.name in names for file in own)
