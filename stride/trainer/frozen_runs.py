"""Write into a config what its frozen networks are: the model section and digest of their runs."""

import os

from stride.components.trust import Trust
from stride.config import Resolved
from stride.config.import_paths import import_paths
from stride.config.sections.frozen import FrozenNetwork
from stride.config.values import plain
from stride.errors import ComponentError, RunError
from stride.runs.files.digest import sha256
from stride.runs.run import Run
from stride.trainer.fit.open_sections import values_of
from stride.trainer.starts.rebuild import recorded, was_given

_OF_TRAINING = ("init_from", "freeze")  # a network that stands is neither begun nor trained


def complete_frozen(resolved: Resolved, trust: Trust) -> Resolved:
    """Return the config with each frozen network as its run has it; the run is not needed again.

    A network that is complete, as in a recorded config, stays as it is.

    Args:
        resolved: the config, in which a network may be no more than a run's folder.
        trust: what may be imported; the code that such a run names is asked for.

    Raises:
        RunError: there is no such run, or it has no weights.
        ComponentError: its model was given from Python, and no config builds it.
        UserError: its config names import paths that nobody vouches for.
    """
    given = resolved.config.frozen
    if all(table.sha256 for table in given.values()):
        return resolved
    complete = {
        name: table if table.sha256 else _of_run(resolved, name, table, trust)
        for name, table in given.items()
    }
    return resolved.with_sections({"frozen": complete})


def _of_run(resolved: Resolved, name: str, table: FrozenNetwork, trust: Trust) -> FrozenNetwork:
    run = Run(resolved.place(os.path.expanduser(table.run)))
    if was_given(run):
        raise ComponentError(
            f"its model, a {run.config.model_kwargs.model_name}, was given from Python",
            where=f"frozen.{name}: {run.path}",
            hint="train it with model_kwargs.model_name=MODULE:CLASS",
        )
    if not run.paths.weights.is_file():
        hint = "give the folder of a run that is done"
        raise RunError(f"no weights at {run.paths.weights}", where=f"frozen.{name}", hint=hint)
    section = {k: v for k, v in values_of(run.config.model_kwargs).items() if k not in _OF_TRAINING}
    if code := import_paths({"model_kwargs": plain(section)}):
        trust.require(recorded(run), only=code)
    return table.model_copy(
        update={"sha256": sha256(run.paths.weights), "model_kwargs": plain(section)}
    )
