"""What to write down about a class so that it can be found again."""

import os
import sys
import sysconfig
from typing import Any

from stride.errors import ComponentError

_INSTALLED = tuple(
    os.path.join(sysconfig.get_path(name), "") for name in ("stdlib", "purelib", "platlib")
)


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


def is_users_own(obj: Any) -> bool:
    """Tell whether a class or function is of a script, notebook or module of the user's.

    What is installed, or is STRIDE's or Python's, is known again by its version.
    """
    name = getattr(obj, "__module__", None) or "builtins"
    if name == "__main__" or name not in sys.modules:
        return True
    file = getattr(sys.modules[name], "__file__", None) or _INSTALLED[0]
    return name.partition(".")[0] != "stride" and not file.startswith(_INSTALLED)
