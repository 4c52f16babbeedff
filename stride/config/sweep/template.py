"""Read the two YAML files of the repository Axect/pytorch_template: a run, and its optimisation.

The run file says what is trained (`net`, `optimizer`, `scheduler`, each with a section of its own,
and `seeds`), the other which of these sections' values Optuna searches. Their keys and meanings are
those of https://github.com/Axect/pytorch_template (config.py, docs/02_config.md; read 2026-11-30).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from stride.config.layers import with_origins
from stride.config.metrics import canonical
from stride.config.names.outline import UNKNOWN, outline
from stride.config.sweep.space import Choice, Dimension, read_dimension
from stride.config.sweep.spec import SweepSpec
from stride.config.sweep.template_file import TemplateFile, component_name
from stride.config.values import show
from stride.errors import ConfigError, nearest

Tree = dict[str, Any]

_SECTIONS = {
    "net_config": "model_kwargs",
    "optimizer_config": "optimizer_kwargs",
    "scheduler_config": "scheduler_kwargs",
    "criterion_config": "criterion_kwargs",
}
_PATHS = {
    "net": "model_kwargs.model_name",
    "optimizer": "optimizer_kwargs.optimizer_name",
    "scheduler": "scheduler_kwargs.scheduler_name",
    "criterion": "criterion_kwargs.criterion_name",
}
_VALUES = {
    "device": "device",
    "epochs": "training_config.max_epochs",
    "batch_size": "load_data_kwargs.batch_size",
    "monitor": "training_config.saving_metric",
}
_STOPPING = {
    "enabled": "training_config.early_stopping",
    "patience": "training_config.patience",
    "mode": "training_config.mode",
    "min_delta": "training_config.min_delta",
}
_CHECKPOINTS = {
    "save_every_n_epochs": "checkpoint_config.every_epochs",
    "keep_last_k": "checkpoint_config.keep_last",
    "save_best": "training_config.save_best",
    "monitor": "training_config.saving_metric",
    "mode": "training_config.saving_mode",
}
_OWN_SECTIONS = {"early_stopping_config": _STOPPING, "checkpoint_config": _CHECKPOINTS}
_DATA = (
    'write a function of `split` that gives the first of its datasets for "train", the second for '
    '"val" and None for "test", and type: dataset_kwargs.dataset_name=MODULE:FUNCTION'
)
_RUN = [*_SECTIONS, *_PATHS, *_VALUES, *_OWN_SECTIONS, "project", "seeds", "data"]
_OPTIMIZE = ["study_name", "trials", "seed", "metric", "direction", "sampler", "pruner"]
_DIRECTIONS = {"minimize": "min", "maximize": "max"}
_DIMENSION = ("type", "min", "max", "step", "log", "choices")


class Template(NamedTuple):
    """What the two files ask for.

    Attributes:
        spec: the sweep, with the run file's values as overrides.
        name: of the study.
        notes: what has no meaning in STRIDE, or is done there in another way.
        data: what gives all datasets at once.
    """

    spec: SweepSpec
    name: str
    notes: list[str]
    data: str

    def require_dataset(self, named: bool) -> None:
        """Refuse to train on other data than the template's own, of which STRIDE asks one split.

        Args:
            named: whether a dataset takes its place.

        Raises:
            ConfigError: says what to write.
        """
        if not named:
            key, what = "dataset_kwargs.dataset_name", f"no dataset takes the place of {self.data}"
            raise ConfigError(what, key=key, where="data", hint=_DATA)


def read_template(run_file: str | Path, optimize_file: str | Path) -> Template:
    """Return the sweep that a run file and an optimisation file of the template ask for.

    Import paths `module.Class` become `module:Class`; those of torch and Optuna, of the template's
    hyperbolic schedules and of its PFLPruner plain names, as STRIDE has these classes too.
    The source of the network is read, not run: where it takes its config as one table, as the
    template's own does, the keys of `net_config` belong to that argument. `GridSampler` makes a
    grid. Each trial is trained with all `seeds`.

    Raises:
        ConfigError: a file is missing or malformed, or a key or value wrong; names file and line.
        MissingExtra: ruamel.yaml is not installed.
    """
    run, optimize = TemplateFile.read(run_file), TemplateFile.read(optimize_file)
    run.table("", _RUN)
    asked = optimize.table("", [*_OPTIMIZE, "search_space"])
    network = _network(run)
    search = dict(_search(optimize, network.section))
    fixed = {key: value for key, value in _fixed(run, network) if key not in search}
    fields = {
        "overrides": fixed,
        "seeds": run.values.get("seeds", 1),
        "trials": asked.get("trials"),
        "metric": asked.get("metric"),
        "mode": _mode(optimize),
        **_choice_of_trials(optimize, search),
    }
    try:
        spec = SweepSpec.from_json(fields)
    except ConfigError as error:
        raise with_origins(error, lambda key: f"files {run.path} and {optimize.path}") from None
    name, data = str(asked.get("study_name", "")), str(run.values.get("data", "util.load_data"))
    return Template(spec, name, [*_notes(run), *network.notes], data)


class _Network(NamedTuple):
    """Where the keys of `net_config` go."""

    section: str
    device: bool
    notes: list[str]


def _network(run: TemplateFile) -> _Network:
    config, path = run.table("net_config"), component_name(str(run.values.get("net", "")))
    found, section = outline(path), _SECTIONS["net_config"]
    if found is UNKNOWN and config:
        note = f"net_config: the source of {path} is not found from here; if it takes one table, "
        return _Network(section, False, [f"{note}its keys are {section}.ARGUMENT.KEY"])
    if not config or found.others or {*config} & {*found.names} or not found.names:
        return _Network(section, "device" in found.names, [])
    taken = f"{section}.{found.names[0]}"
    note = f"net_config: {path} takes one table, so that its keys are {taken}.KEY"
    return _Network(taken, "device" in found.names, [note])


def _fixed(run: TemplateFile, network: _Network) -> Iterator[tuple[str, Any]]:
    """Yield dotted key and value of all that the run file says of a training."""
    values = {"criterion": "torch.nn.MSELoss", **run.values}
    yield from ((ours, values[key]) for key, ours in _VALUES.items() if key in values)
    yield from (
        (ours, component_name(values[key])) for key, ours in _PATHS.items() if key in values
    )
    if "scheduler" in values:
        yield "scheduler_kwargs.interval", "epoch"
    if network.device and "device" in values:
        yield f"{_SECTIONS['net_config']}.device", values["device"]
    for name, section in {**_SECTIONS, "net_config": network.section}.items():
        yield from ((f"{section}.{key}", value) for key, value in run.table(name).items())
    yield from _stopping(run)
    yield from _checkpoints(run)


def _stopping(run: TemplateFile) -> Iterator[tuple[str, Any]]:
    """Yield the keys of early stopping, whose min_delta there is a share of the best value."""
    given = run.table("early_stopping_config", _STOPPING)
    if given:
        yield "training_config.stopping_metric", canonical("val_loss")
        yield "training_config.delta_mode", "relative"
    yield from ((_STOPPING[key], value) for key, value in given.items())


def _checkpoints(run: TemplateFile) -> Iterator[tuple[str, Any]]:
    given = run.table("checkpoint_config", ["enabled", *_CHECKPOINTS])
    if given.get("enabled"):
        yield from ((_CHECKPOINTS[key], value) for key, value in given.items() if key != "enabled")


def _notes(run: TemplateFile) -> Iterator[str]:
    if "project" in run.values:
        yield "project: the work_dir takes its place"
    checkpoints = run.table("checkpoint_config")
    if checkpoints and not checkpoints.get("enabled"):
        yield "checkpoint_config: not enabled there; STRIDE keeps what resuming needs all the same"


def _search(optimize: TemplateFile, net_section: str) -> Iterator[tuple[str, Dimension]]:
    sections = {**_SECTIONS, "net_config": net_section}
    for name in optimize.table("search_space", [*sections, *_OWN_SECTIONS]):
        section = f"search_space.{name}"
        for key in optimize.table(section, _OWN_SECTIONS.get(name, ())):
            given = optimize.table(f"{section}.{key}", _DIMENSION)
            ours = _OWN_SECTIONS[name][key] if name in _OWN_SECTIONS else f"{sections[name]}.{key}"
            try:
                yield ours, read_dimension(_renamed(given), ours)
            except ConfigError as error:
                raise optimize.error(f"{section}.{key}", error.what, error.hint) from None


def _renamed(given: Tree) -> Tree:
    """Return the table of a dimension in STRIDE's words."""
    kind = {"categorical": "choice"}.get(str(given.get("type")), given.get("type"))
    return {{"choices": "values"}.get(key, key): given[key] for key in given} | {"type": kind}


def _choice_of_trials(optimize: TemplateFile, search: Mapping[str, Dimension]) -> Tree:
    """Return the fields that say which trials there are, and which are stopped."""
    sampler = optimize.table("sampler", ["name", "kwargs"])
    arguments = dict(optimize.table("sampler.kwargs"))
    seed = arguments.pop("seed", optimize.values.get("seed", 0))
    pruned = {"pruner_kwargs": _pruner(optimize)} if optimize.table("pruner") else {}
    name = component_name(sampler.get("name", "TPESampler"))
    if name != "GridSampler":
        sampled = {"sampler_name": name, **arguments}
        return {"search": search, "sampler_kwargs": sampled, "seed": seed, **pruned}
    return {"grid": dict(_grid(optimize, search)), "seed": seed, **pruned}


def _grid(
    optimize: TemplateFile, search: Mapping[str, Dimension]
) -> Iterator[tuple[str, list[Any]]]:
    for key, dimension in search.items():
        if not isinstance(dimension, Choice):
            what = f"{key} is {dimension}, and GridSampler takes lists of values"
            raise optimize.error("search_space", what, "as type: categorical with choices")
        yield key, dimension.values


def _pruner(optimize: TemplateFile) -> Tree:
    name = optimize.table("pruner", ["name", "kwargs"]).get("name")
    return {"pruner_name": component_name(name), **optimize.table("pruner.kwargs")}


def _mode(optimize: TemplateFile) -> str | None:
    direction = optimize.values.get("direction")
    if direction is not None and direction not in _DIRECTIONS:
        what = f"direction must be minimize or maximize, not {show(direction)}"
        raise optimize.error("direction", what, nearest(str(direction), _DIRECTIONS))
    return _DIRECTIONS.get(str(direction))
