"""Find data files inside packages that are installed, without importing these."""

from importlib.util import find_spec
from pathlib import Path

from stride.errors import DataError


def installed_path(package: str, inside: str, *, where: str, install: str) -> Path:
    """Return the path of a file or folder of an installed package, which is not imported.

    Args:
        package: as it is imported.
        inside: the path in its folder.
        where: what in the config asks for it, for the error.
        install: the package as pip knows it.

    Raises:
        DataError: the package is not installed, or has no such file.
    """
    found = find_spec(package)
    for folder in (found.submodule_search_locations or []) if found else []:
        if (place := Path(folder) / inside).exists():
            return place
    what = f"it has no {inside}" if found else "it is not installed here"
    hint = f"type: pip install {install}"
    raise DataError(f"the data comes with the package {package}: {what}", where=where, hint=hint)
