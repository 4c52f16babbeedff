"""Train the same with several query strategies and seeds, each as an ordinary run."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from stride.active.curves.comparison import compare_curves
from stride.active.curves.groups import (
    STRATEGY,
    GroupedCurves,
    SeedRun,
    read_runs,
    settings_of,
)
from stride.config import resolve_layers
from stride.config.pack import Pack
from stride.distributed import world_size
from stride.errors import ConfigError, UserError
from stride.runs.files.atomic import atomic_json
from stride.runs.layout import WorkDirPaths
from stride.runs.records.curves import CurvesRecord
from stride.runs.status import RESUMABLE
from stride.trainer.commands import trainer_of
from stride.trainer.packs.several import Entry, fit_each
from stride.trainer.starts.restarting import begin
from stride.trainer.starts.resume import ResumedRun
from stride.trainers.active.trainer import ActiveTrainer
from stride.visible import quoted

FIRST = ("trainer=active", "logging_config.terminal_display=off")
"""What the overrides of a comparison stand on."""

OWN = {
    "work_dir": "the work_dir is that of the command",
    "run": "each run gets a number",
    "seed": "type: --seeds 0,1,2",
    STRATEGY: "type: --compare A,B",
}


class Wanted(NamedTuple):
    """A run of a comparison.

    Attributes:
        strategy: by which it queries.
        seed: of the run.
        overrides: from which it is made.
        settings: what it shares with the runs of other seeds.
    """

    strategy: str
    seed: int
    overrides: list[str]
    settings: dict[str, Any]

    def is_met_by(self, run: SeedRun) -> bool:
        """Tell whether a run has the same config and data."""
        return run.seed == self.seed and run.settings == self.settings


@dataclass(frozen=True)
class Comparison:
    """Runs that differ by strategy and seed alone.

    Whoever makes the same comparison again goes on with it: what is done is not done again.

    Attributes:
        work_dir: of the runs.
        wanted: the runs, seed by seed.
        trust: whether the user vouches for the import paths in the work_dir's config and runs.
    """

    work_dir: Path
    wanted: list[Wanted]
    trust: bool = False

    @classmethod
    def of(
        cls,
        work_dir: str | os.PathLike[str],
        strategies: Sequence[str],
        seeds: Sequence[int],
        overrides: Sequence[str] = (),
        *,
        trust: bool = False,
    ) -> "Comparison":
        """Check every strategy on data and model; create nothing.

        Args:
            work_dir: of the runs.
            strategies: names or import paths.
            seeds: for each of them one run of each strategy. It decides the start weights, the
                first labelled samples and the order; the split into train, validation and test
                is that of `dataset_kwargs.split_seed`, the same for all.
            overrides: `key=value` texts, on top of the work_dir's config.
            trust: whether the user vouches for the import paths in that, and in the runs that
                are resumed; they are signed then.

        Raises:
            UserError: a wrong strategy, key or value, or a config that cannot be compared.
        """
        if world_size() > 1:
            what = "runs are compared by one process, and a launcher has started several"
            hint = f"train the runs one by one, then type: stride active {quoted(work_dir)}"
            raise UserError(what, hint=hint)
        place = f"work_dir={os.fspath(work_dir)}"
        typed = [*FIRST, *map(_free, overrides), place]
        checked = {name: _settings([*typed, f"{STRATEGY}={name}"], trust) for name in strategies}
        wanted = [
            Wanted(name, seed, [*typed, f"{STRATEGY}={name}", f"seed={seed}"], settings)
            for seed in dict.fromkeys(seeds)
            for name, settings in checked.items()
        ]
        return cls(Path(work_dir), wanted, trust)

    def train(self, told: Callable[[str], object], pack: Pack = "auto") -> None:
        """Train what is not done yet, and resume what was left.

        A run that another process trains is left alone.

        Args:
            told: called with a line about each run, before any of them begins.
            pack: which runs are trained as one stack, as for `Choice`.

        Raises:
            RunFailed: a training could not go on; the run says so.
            Interrupted: a signal ended the runs, with checkpoints behind them.
        """
        entries = [
            entry for n, one in enumerate(self.wanted, 1) for entry in self._left(n, one, told)
        ]
        for ended in fit_each(entries, pack):
            if ended.error is not None:
                raise ended.error

    def _left(self, number: int, one: Wanted, told: Callable[[str], object]) -> Iterator[Entry]:
        """Yield what trains a run that is not done yet, and tell what becomes of it."""
        title = f"run {number} of {len(self.wanted)}: {one.strategy}, seed {one.seed}"
        found = self._newest(one)
        if found is None:
            told(title)
            trainer = _trainer(one.overrides, self.trust)
            yield Entry(trainer, begin(trainer.builder.resolved))
        elif found.state in RESUMABLE:
            told(f"{title}, goes on with {found.run.path}")
            trainer = _trainer(one.overrides, self.trust)
            start = ResumedRun.of(found.run.path)
            start.given_in(trainer.builder.resolved.folder)
            yield Entry(trainer, start)
        else:
            told(f"{title}, is {found.state} already: {found.run.path}")

    def _newest(self, wanted: Wanted) -> SeedRun | None:
        """Return the newest of the runs that are as wanted; one that is done before all others."""
        found = [one for one in self._runs() if wanted.is_met_by(one)]
        return max(found, key=lambda one: one.state == "done", default=None)

    def _runs(self) -> list[SeedRun]:
        """Return the runs of the work_dir, newest first; none where it does not exist yet."""
        return read_runs(self.work_dir)[::-1] if self.work_dir.is_dir() else []

    def runs(self) -> list[SeedRun]:
        """Return the runs of the comparison that are done."""
        found = map(self._newest, self.wanted)
        return [one for one in found if one is not None and one.state == "done"]

    def save(self, grouped: GroupedCurves, target: float | None = None) -> dict[str, Any]:
        """Leave the curves in the work_dir: as JSON, and as a picture if matplotlib is installed.

        Args:
            grouped: the curves.
            target: as of `compare_curves`.

        Returns:
            What the JSON holds.
        """
        paths, values = WorkDirPaths(self.work_dir), compare_curves(grouped, target)
        atomic_json(paths.curves, CurvesRecord.model_validate(values).to_json())
        if find_spec("matplotlib") is not None:
            from stride.active.curves.plots import plot_curves

            curves = {group.name: list(group.curves.values()) for group in grouped.groups}
            named = {
                f"{one['name']}, area {one['area']:.3g}": curves[one["name"]]
                for one in values["groups"]
            }
            plot_curves(named, paths.curves_plot, metric=grouped.metric)
        return values


def _free(override: str) -> str:
    """Return an override that says nothing of which run it is.

    Raises:
        ConfigError: it does.
    """
    key = override.partition("=")[0]
    if key in OWN:
        what = f"{key} is not given to a comparison by --config"
        raise ConfigError(what, key=key, where=override, hint=OWN[key])
    return override


def _settings(overrides: list[str], trust: bool) -> dict[str, Any]:
    """Return the complete settings of a run, once data, model and strategy fit each other."""
    trainer = _trainer(overrides, trust)
    if trainer.config.active_config.oracle == "person":
        key = "active_config.oracle"
        what = "curves are compared by labels that the dataset knows"
        raise ConfigError(what, key=key, where=key, hint=f"type: {key}=dataset")
    trainer.check()
    return settings_of(trainer.config.to_json(), trainer.origins, trainer.data.fingerprint)


def _trainer(overrides: list[str], trust: bool) -> ActiveTrainer:
    resolved = resolve_layers(overrides=overrides)
    made = trainer_of(resolved, trust=trust, overrides=overrides)
    if not isinstance(made, ActiveTrainer):
        what = f"the trainer {resolved.config.trainer!r} asks for no labels"
        raise ConfigError(what, key="trainer", where="trainer", hint="type: trainer=active")
    return made
