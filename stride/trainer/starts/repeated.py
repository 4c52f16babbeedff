"""Begin a new run with the config of a recorded one, and another seed."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from os import PathLike
from typing import Self

from stride.config import Resolved
from stride.config.values import flatten
from stride.errors import RunError
from stride.runs.deciding.settings import MODEL_SEED, SEED, counted_from, settings_of
from stride.runs.reproduction.compare import edits
from stride.runs.reproduction.facts import changes
from stride.runs.run import Run
from stride.runs.writer import RunWriter
from stride.trainer.fit.assembly import Assembly
from stride.trainer.fit.run_start import NewRun, Values
from stride.trainer.starts.classes import changed_sources
from stride.trainer.starts.rebuild import recorded
from stride.trainer.starts.requirements import init_from, require_whole_config


@dataclass
class RepeatedRun(NewRun):
    """Begin a new run that differs from a recorded one by its seed alone.

    Attributes:
        run: the recorded one.
    """

    name = "repeated"

    run: Run = field(kw_only=True)
    _changed: list[str] = field(default_factory=list, init=False)

    @classmethod
    def of(cls, path: str | PathLike[str], seed: int) -> Self:
        """Look at a run that is to be trained with another seed.

        Raises:
            RunError: there is no such run, it is broken, or is of several processes.
        """
        run = Run(path)
        require_whole_config(run)
        _require_one_process(run)
        return cls(_with_seed(run, seed), run=run)

    def require(self, assembly: Assembly) -> None:
        """Refuse other data or values: the two would not be of one configuration."""
        if differs := [*_differences(self.run, assembly)]:
            raise RunError(
                "with another seed alone it cannot be trained any more: " + "; ".join(differs),
                where=str(self.run.path),
                hint="bring back what has changed, or train all seeds again",
            )

    def take(self, config: Values, provenance: Values, patch: bytes) -> RunWriter:
        """Claim the next run, and see which code has changed since the recorded one."""
        before = self.run.provenance
        sources = changed_sources(before, provenance)
        self._changed = [*edits(self.run.paths), *changes(before, provenance), *sources.values()]
        return super().take(config, provenance, patch)

    def messages(self) -> list[str]:
        """Say whose config it has, and what has changed since."""
        what = f"seed {self.resolved.config.seed}, and else the config of {self.run.path}"
        return [what, *(f"changed: {one}" for one in self._changed)]


def _require_one_process(run: Run) -> None:
    """Refuse a run of several processes: its batches would be of another size here."""
    if len(run.provenance.get("devices", [])) > 1:
        raise RunError(
            "this run was trained by several processes, and this is one",
            where=str(run.path),
            hint="train the other seeds behind the same launcher: torchrun ... seed=N",
        )


def _with_seed(run: Run, seed: int) -> Resolved:
    """Return the config of a run with another seed, which the seeds of weights follow.

    A `model_seed` that was set stays as it is.
    """
    layer = recorded(run).layers[0]
    section = layer.values["model_kwargs"]
    moved = counted_from(run.config.seed - seed, "model_kwargs", section)
    kept = {**moved, "init_from": init_from(run), "model_seed": section["model_seed"]}
    if not _has_own_model_seed(run):
        del kept["model_seed"]  # so that it is not recorded as set
    again = replace(layer, values={**layer.values, "model_kwargs": kept})
    return Resolved.from_layers([again]).override({SEED: seed})


def _has_own_model_seed(run: Run) -> bool:
    """Tell whether the seed of a run's weights was set, and does not follow that of the run.

    A sweep keeps its config whole, so that each key of it has an origin.
    """
    origin = (run.provenance.get("origins") or {}).get(MODEL_SEED)
    if origin == "work_dir" and run.provenance.get("sweep"):
        return run.config.model_kwargs.model_seed != run.config.seed
    return origin is not None


def _differences(run: Run, assembly: Assembly) -> Iterator[str]:
    """Yield in words why a configuration is not that of a run."""
    if run.provenance.get("data_fingerprint", "") != assembly.data.fingerprint:
        yield "the data has changed"
    before, now = (
        settings_of(dict(flatten(config.to_json()))) for config in (run.config, assembly.config)
    )
    for key in {**before, **now}:
        is_same = key in before and key in now and before[key] == now[key]
        if key != MODEL_SEED and not is_same:
            yield f"{key} has changed"
