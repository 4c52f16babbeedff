"""Check where a file is to be written that the user has named."""

import os
from pathlib import Path

from stride.errors import UserError
from stride.runs.files.durable import os_errors_as
from stride.visible import quoted


def output_file(path: str | os.PathLike[str], name: str) -> Path:
    """Return the path of a file that has a place.

    Args:
        path: as it was typed.
        name: what such a file may be called in a folder.

    Raises:
        UserError: it is a folder, or lies in none.
    """
    file = Path(path)
    with os_errors_as("cannot write", file, UserError):
        is_folder, has_folder = file.is_dir(), file.parent.is_dir()
    if is_folder:
        hint = f"type: -o {quoted(file / name)}"
        raise UserError("it is a folder", where=str(path), hint=hint)
    if not has_folder:
        hint = f"type: mkdir -p {quoted(file.parent)}"
        raise UserError(f"there is no folder {file.parent}", where=str(path), hint=hint)
    return file
