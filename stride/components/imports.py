"""Import the object of an import path, telling a wrong path from a failing module."""

import importlib
import os
import pkgutil
import sys
import traceback
from types import ModuleType
from typing import Any

from stride.config.import_paths import is_import_path
from stride.errors import ComponentError, StrideError, nearest


def load(path: str, *, own: bool = True) -> Any:
    """Return what `package.module:Name` names; `Name` may be dotted.

    Args:
        path: the import path.
        own: whether it is the user's, who may mean a module beside the place of the command. What
            lies there, as in a work_dir, comes in the place of nothing else.

    Raises:
        ComponentError: the path is malformed, there is no such module or attribute, or the module
            fails while it is imported (its own error is the cause).
    """
    module_name, _, attribute = path.partition(":")
    if not is_import_path(path):
        hint = "write it as package.module:Name"
        raise ComponentError(f"{path!r} is not an import path", hint=hint)
    if own:
        _reach_current_folder()
    found: Any = _import(module_name)
    for name in attribute.split("."):
        if not hasattr(found, name):
            raise _no_attribute(found, name, path)
        found = getattr(found, name)
    return found


def _import(name: str) -> ModuleType:
    if name not in sys.modules:  # it may have been written since its folder was listed
        importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except StrideError:
        raise
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise _no_module(name, error.name) from None
        what = f"the module {name!r} imports {error.name!r}, which is not installed"
        raise ComponentError(what, where=_place(error, name)) from error
    except (Exception, SystemExit) as error:
        what = f"importing the module {name!r} failed: {type(error).__name__}: {error}"
        raise ComponentError(what, where=_place(error, name)) from error


def _reach_current_folder() -> None:
    """Append the current folder to sys.path, so that a user's own module is found there.

    It comes last: no file there is taken for an installed module.
    """
    folder = os.getcwd()
    if not {folder, ""} & set(sys.path):
        sys.path.append(folder)


def _place(error: BaseException, module: str) -> str:
    """Return file:line of the user's module at which its import failed."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    machinery = (__file__, importlib.__file__)
    for frame in traceback.extract_tb(error.__traceback__):
        if not frame.filename.startswith("<frozen") and frame.filename not in machinery:
            return f"{frame.filename}:{frame.lineno}"
    return module


def _no_module(name: str, missing: str) -> ComponentError:
    parent = missing.rpartition(".")[0]
    folders = list(sys.modules[parent].__path__) if parent in sys.modules else [os.getcwd()]
    beside = [f"{parent}.{m.name}".lstrip(".") for m in pkgutil.iter_modules(folders)]
    known = nearest(missing, beside)
    hint = known or f"looked in {os.getcwd()} and among the installed packages"
    return ComponentError(f"there is no module {missing!r}", where=f"importing {name}", hint=hint)


def _no_attribute(found: Any, name: str, path: str) -> ComponentError:
    owner = getattr(found, "__name__", type(found).__name__)
    where = getattr(found, "__file__", None) or ""
    if owner == "__main__":
        what = f"{name!r} was defined in a notebook or script, which is not this program"
        hint = "resume from there, as by trainer.fit(resume=...), or put it in a module of its own"
        return ComponentError(what, where=path, hint=hint)
    public = [known for known in vars(found) if not known.startswith("_")]
    return ComponentError(f"{owner!r} has no {name!r}", where=where, hint=nearest(name, public))
