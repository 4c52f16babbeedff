"""Build a recorded run's network and data again, and fill in its weights."""

import os
from collections.abc import Callable, Mapping
from functools import reduce
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from stride.components import find
from stride.config import Layer, Overrides, Resolved
from stride.data.normalize import Normalization
from stride.engine.device import resolve_device
from stride.errors import ComponentError, DataError, RunError
from stride.models.build import build_network, resolve_model
from stride.models.weights import read_weights
from stride.runs.files.atomic import read_record
from stride.runs.run import Run
from stride.trainer.fit.assembly import MODEL_NAME, SET_MODEL, Assembly, Given
from stride.trainer.fit.component_sources import used_by, used_by_network
from stride.trainer.fit.construction.assembly import assemble
from stride.trainer.fit.kind import Kind, Supervised, kind_of
from stride.trainer.fit.open_sections import values_of
from stride.trainer.starts.classes import own_constructor, warn_of_others
from stride.trainer.starts.requirements import require_same_permutation


def rebuild_network(
    run: Run, *, device: str, model: Any = None, trust_code: bool = False
) -> nn.Module:
    """Return the run's network with its weights, in evaluation mode; see `LoadedRun.load_model`."""
    if model is None:
        network = _build(run, trust_code)
        warn_of_others(run, used_by_network(network), known=("network",))
    else:
        network = getattr(model, "network", model)
    _fill(network, read_weights(run.paths.weights), run)
    return network.to(resolve_device(device)).eval()


def _build(run: Run, trust_code: bool) -> nn.Module:
    config = run.config
    section = values_of(config.model_kwargs)
    # The run's own weights follow: what it once started from may be gone.
    section["init_from"] = None
    made_by = _constructor(run, trust_code)
    resolved = resolve_model(section, None, seed=config.seed, constructor=made_by)
    return build_network(resolved, constructor=made_by)


def _constructor(run: Run, trust_code: bool) -> Callable[..., Any] | None:
    """Return what the run's network was made by, None where the config finds it.

    Raises:
        ComponentError: nothing leads to the model without the user's word or hand.
    """
    if was_given(run):
        raise ComponentError(
            f"the run's model, a {run.config.model_kwargs.model_name}, was given from Python",
            where=str(run.path),
            hint="give one that is built alike: load_model(model=...), evaluate(model=...)",
        )
    return own_constructor(run, trust_code)


def was_given(run: Run) -> bool:
    """Tell whether the run's model was an object, which no config builds."""
    origins = run.provenance.get("origins")
    return isinstance(origins, Mapping) and origins.get(MODEL_NAME) == SET_MODEL


def _fill(network: nn.Module, weights: Mapping[str, Tensor], run: Run) -> None:
    # A module's extra state is not a tensor, so not in the file: the network keeps its own.
    extra = {k: v for k, v in network.state_dict().items() if not isinstance(v, Tensor)}
    try:
        network.load_state_dict(extra | dict(weights), strict=True)
    except RuntimeError as error:
        raise RunError(
            f"the weights do not fit {type(network).__name__}, which has changed since: "
            + " ".join(str(error).split()),
            where=str(run.paths.weights),
            hint="use the code of the run: `stride show` names its commit",
        ) from error


def rebuild_assembly(run: Run, **options: Any) -> tuple[Resolved, Assembly]:
    """Build data and model of a run, with its weights and statistics; see `LoadedRun.assemble`."""
    resolved, assembly = rebuild_empty(run, **options)
    _fill(assembly.model.network, read_weights(run.paths.weights), run)
    return resolved, assembly


def rebuild_empty(
    run: Run,
    *,
    device: str | None = None,
    model: Any = None,
    loaders: Mapping[str, Any] | None = None,
    folder: str | None = None,
    overrides: Overrides = None,
    trust_code: bool = False,
    **splits: Any,
) -> tuple[Resolved, Assembly]:
    """Build data and model of a run, which need not have weights yet; see `LoadedRun.assemble`."""
    resolved, loaders = recorded(run, overrides, device=device, folder=folder), dict(loaders or {})
    made_by = _constructor(run, trust_code) if model is None else None
    given, statistics = Given(model, made_by, loaders), normalization_of(run)
    kind = kind_of_run(run)
    assembly = assemble(resolved, given, kind, normalization=statistics, trains=False, **splits)
    require_same_permutation(run, assembly)
    replaced = (f"dataset of {split}" for split in loaders)
    warn_of_others(run, used_by(assembly), known=("network", "model", *replaced))
    return resolved, assembly


def kind_of_run(run: Run) -> Kind:
    """Return the run's kind of training; that of all others where its trainer has gone.

    Raises:
        ComponentError: the module of the trainer is there, and fails while it is imported.
    """
    try:
        trainer = find("trainer", run.config.trainer)
    except ComponentError as error:
        if error.__cause__ is not None:  # what the module itself has raised
            raise
        return Supervised()
    return kind_of(trainer)


def recorded(
    run: Run,
    *overrides: Overrides,
    device: str | None = None,
    name: str | None = None,
    folder: str | None = None,
) -> Resolved:
    """Return a run's config, to be built where its folder is now.

    Args:
        run: the run.
        overrides: on top of the run's values.
        device: another one than the run's.
        name: of the run that is to come of it, None for the next number.
        folder: from which relative paths are taken, None for the current one.
    """
    values = run.config.to_json() | {"work_dir": str(run.path.parent), "run": name}
    values["device"] = device or values["device"]
    # Its own weights follow: what it once started from may be gone.
    values["model_kwargs"] = values["model_kwargs"] | {"init_from": None}
    given = {MODEL_NAME: SET_MODEL} if was_given(run) else {}
    layer = Layer(f"run {run.name}", values, given, run.paths.path, run.raw_config)
    resolved = Resolved.from_layers([layer], folder)
    return reduce(Resolved.override, overrides, resolved)


def relocated(run: Run, data_root: str | None) -> dict[str, str]:
    """Return the overrides under which a run's data is looked for below another folder.

    A relative path is taken below it as it is, an absolute one by its last name.
    """
    section = run.raw_config.get("dataset_kwargs", {})
    places = {key: section.get(key) for key in ("path", "root")} if data_root else {}
    return {
        f"dataset_kwargs.{key}": str(Path(str(data_root), *_below(Path(place))))
        for key, place in places.items()
        if isinstance(place, str)
    }


def _below(place: Path) -> tuple[str, ...]:
    return (place.name,) if place.is_absolute() else place.parts


def normalization_of(run: Run) -> Normalization | None:
    """Return the statistics that a run's data was normalised by, if it was."""
    if not os.path.lexists(run.paths.normalization):
        return None
    try:
        return Normalization.from_json(read_record(run.paths.normalization))
    except DataError as error:
        raise RunError(error.what, where=str(run.paths.normalization)) from error
