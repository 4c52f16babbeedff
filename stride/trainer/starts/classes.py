"""Know the class of a recorded run by its source: find it, or say that it is another now."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from stride.components import difference, find, source_of
from stride.errors import ComponentError, RunError
from stride.log import LOGGER
from stride.runs.files.durable import os_errors_as
from stride.runs.files.safe_open import read_own
from stride.runs.run import Run
from stride.trainer.fit.component_sources import sources_of

Made = Callable[..., Any]


def own_constructor(run: Run, trust_code: bool) -> Made | None:
    """Return what the run's network was made by, None where the config finds it.

    The class of that name may be another by now. A module's is taken, with a warning; one of a
    script or notebook, where names are redefined all the time, is refused.

    Args:
        run: the run.
        trust_code: whether the recorded source may be executed, where it is another.

    Raises:
        ComponentError: nothing leads to the class without the user's word.
    """
    name = run.config.model_kwargs.model_name or ""
    module, colon, attribute = name.partition(":")
    if not colon or not os.path.lexists(run.paths.model_source):
        return None
    what = _what_differs(run, name)
    if not what:
        return None
    if trust_code:
        LOGGER.warning("run %s has the class of its own %s: %s", run.name, _file(run), what)
        return _execute(run.paths.model_source, module, attribute)
    if module in sys.modules and module != "__main__":
        LOGGER.warning("%s; load_model(trust_code=True) takes that of run %s", what, run.name)
        return None
    raise ComponentError(
        what,
        where=str(run.paths.model_source),
        hint="read that file, then load_model(trust_code=True), or evaluate likewise; "
        "or give a network: load_model(model=...)",
    )


def warn_of_others(run: Run, used: Mapping[str, Any], known: tuple[str, ...] = ()) -> None:
    """Warn of each class whose source has changed since the run was trained.

    Args:
        run: the run.
        used: use -> a class or function, as they are now.
        known: uses that were told of already.
    """
    left = {use: one for use, one in used.items() if use not in known}
    for name, what in changed_sources(run.provenance, sources_of(left)).items():
        LOGGER.warning("run %s: %s: %s", run.name, name, what)


def changed_sources(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, str]:
    """Return a message for each class whose source has changed.

    The names are not those of the parts of a state, as `model`: these may be restored all the same.

    Args:
        before: the content of provenance.json; older ones have fewer uses, and no names.
        now: the same of what is there now.
    """
    then, names = before.get("sources", {}), now.get("classes", {})
    return {
        f"source of the {use}": f"{names.get(use, 'its class')} has changed"
        for use, digest in now.get("sources", {}).items()
        if use in then and then[use] != digest
    }


def _what_differs(run: Run, name: str) -> str:
    """Return in words how the class of the config's name is not that of the run, "" if it is."""
    module, _, attribute = name.partition(":")
    try:
        found = find("model", name)
    except ComponentError as error:
        if module == "__main__":
            return f"the model's class {attribute} was defined in a notebook or script"
        return error.what
    text, now = _text(run.paths.model_source), source_of(found)
    if now is None:
        return f"nobody knows the source of {name}, and so whether it is that of run {run.name}"
    where = difference(text, now)
    return f"{name} has changed since run {run.name} was trained: {where}" if where else ""


def _execute(source: Path, module: str, attribute: str) -> Made:
    """Run recorded source text, which the user trusts, and return what it calls `attribute`.

    The text is the class alone: what else it names is looked for in its module as it is now,
    where torch's usual names stand.
    """
    scope: dict[str, Any] = {"torch": torch, "nn": nn, "F": nn.functional}
    scope |= vars(sys.modules[module]) if module in sys.modules else {}
    name = attribute.rpartition(".")[2]
    text = _text(source)
    try:
        exec(compile(text, source, "exec", dont_inherit=True), scope)
        found: Made = scope[name]
    except Exception as error:
        raise ComponentError(
            f"the recorded source of {attribute} does not run by itself: {error}",
            where=str(source),
            hint="build the model yourself, then load_model(model=...)",
        ) from error
    return found


def _text(source: Path) -> str:
    with os_errors_as("cannot read", source, RunError):
        return read_own(source).decode(errors="replace")


def _file(run: Run) -> str:
    return run.paths.model_source.name
