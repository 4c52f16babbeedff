"""Import paths of classes, and whether they are the user's own code."""

import os
import sys
import sysconfig
from typing import Any

from stride.errors import ComponentError

_LIBRARIES = {*sys.stdlib_module_names, "numpy", "stride", "torch"} - {"__main__"}
_INSTALLED = tuple(
    os.path.join(sysconfig.get_path(name), "") for name in ("stdlib", "purelib", "platlib")
)
_PACKAGES = ("site-packages", "dist-packages")  # wherever: a user's own, or another prefix's


def import_path(obj: Any) -> str:
    """Return the import path "module:qualname" of a class or function.

    Raises:
        ComponentError: no import leads to it: it is defined inside a function, or has no name.
    """
    name = getattr(obj, "__qualname__", None)
    if name is None or "<" in name:
        what = f"{name or repr(obj)} cannot be found by an import path"
        raise ComponentError(what, hint="define it at the top of a module")
    return f"{obj.__module__}:{name}"


def is_user_code(obj: Any) -> bool:
    """Tell whether a class or function is of a script, notebook or module of the user's.

    What is installed, or is STRIDE's or Python's, is identified by its version.
    """
    return is_user_module(getattr(obj, "__module__", None) or "builtins")


def is_user_module(name: str) -> bool:
    """Tell whether a module is the user's own code, and of no installed package."""
    if name == "__main__" or is_library_module(name):
        return name == "__main__"
    file = getattr(sys.modules.get(name), "__file__", None) or ""
    return not (file.startswith(_INSTALLED) or any(folder in file for folder in _PACKAGES))


def is_library_module(name: str) -> bool:
    """Tell by its name alone whether a module is of Python, NumPy, torch or STRIDE."""
    return name.partition(".")[0] in _LIBRARIES
