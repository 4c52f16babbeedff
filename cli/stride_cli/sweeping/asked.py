"""Read what is asked of a sweep, and refuse what is mistyped before torch is loaded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stride.config import Layer, Resolved
    from stride.config.sweep.spec import SweepSpec

_DATASET = "dataset_kwargs.dataset_name"


@dataclass(frozen=True)
class Files:
    """Which files say what a sweep is.

    Attributes:
        sweep: a sweep file, or the run file and the optimisation file of the earlier template.
        runs: with the runs one by one.
        config: of the config that all trials start from.
    """

    sweep: Sequence[str] = ()
    runs: str | None = None
    config: str | None = None


@dataclass(frozen=True)
class Asked:
    """A sweep as it was asked for.

    Attributes:
        work_dir: as typed.
        spec: what is tried.
        resolved: the config that all trials start from.
        config_file: from which some of that is.
        name: of the sweep, None for one by its kind.
        notes: what a person should know of the files.
    """

    work_dir: str
    spec: "SweepSpec"
    resolved: "Resolved"
    config_file: str | None
    name: str | None
    notes: Sequence[str] = ()

    @property
    def overrides(self) -> dict[str, Any]:
        """Return the overrides of a trainer for that config."""
        return {**self.spec.overrides, "work_dir": self.work_dir}


def require_one_process() -> None:
    """Refuse to sweep in processes that would train each run together.

    Raises:
        UserError: says what to type instead.
    """
    from stride.distributed import world_size
    from stride.errors import UserError

    if world_size() > 1:
        what = "these processes would train each run together, and a sweep has workers apart"
        raise UserError(what, hint="type it without a launcher: stride sweep W ... --workers N")


def read_asked(work_dir: str, words: Mapping[str, Any], files: Files, name: str | None) -> Asked:
    """Return the sweep that files and words ask for.

    Args:
        work_dir: of the sweep.
        words: what `words_layer` takes.
        files: that say more.
        name: of the sweep.

    Raises:
        UserError: a key or value is wrong, of any trial, or of the sampler or pruner.
    """
    from stride.components.early import refuse_mistyped
    from stride.config import resolve_layers
    from stride.config.sweep.assembly import assemble
    from stride.config.sweep.checks import require_keys
    from stride.config.sweep.words import words_layer
    from stride.sweeps.following.found import checked_sweep_name

    require_one_process()
    given = _read(files)
    layers = [*given.layers, words_layer(**words)]
    below = resolve_layers(config_file=files.config, overrides={"work_dir": work_dir})
    spec = assemble(layers, below.layers)
    require_keys(spec, lambda overrides: refuse_mistyped(below.override(overrides)), layers)
    resolved = below.override(spec.overrides)
    given.require_dataset(_DATASET in resolved.origins)
    _require_choosers(spec, resolved)
    called = name or given.name or None
    if called is not None:
        checked_sweep_name(called)
    return Asked(work_dir, spec, resolved, files.config, called, given.notes)


def _require_choosers(spec: "SweepSpec", resolved: "Resolved") -> None:
    from stride.sweeps.search.study import completed, require_draws

    require_draws(completed(spec, resolved.config.training_config.max_epochs))


@dataclass(frozen=True)
class _Read:
    """What the files of a sweep hold."""

    layers: Sequence["Layer"] = ()
    name: str = ""
    notes: Sequence[str] = ()
    require_dataset: Callable[[bool], object] = bool


def _read(given: Files) -> _Read:
    from stride.config import Layer
    from stride.config.sweep.files import runs_file, sweep_file
    from stride.config.sweep.template import read_template
    from stride.errors import UserError

    files = given.sweep
    listed = [] if given.runs is None else [runs_file(given.runs)]
    if len(files) > 2:
        hint = "type one sweep file, or a run file and an optimisation file"
        raise UserError(f"{files[2]} is one file too many", where="--file", hint=hint)
    if len(files) < 2:
        return _Read([*map(sweep_file, files), *listed])
    template = read_template(*files)
    layer = Layer(f"files {' and '.join(files)}", template.spec.to_json())
    return _Read([layer, *listed], template.name, template.notes, template.require_dataset)
