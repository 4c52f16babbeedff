"""The sweep of a trainer: plan it, work on it, name the best."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from optuna.trial import TrialState

from stride.config import Layer
from stride.config.pack import Pack, require_pack
from stride.config.sweep.assembly import assemble
from stride.config.sweep.space import Choice, FloatRange, IntRange
from stride.config.sweep.spec import SweepSpec
from stride.config.values import plain
from stride.errors import ConfigError, RunFailed
from stride.runs.layout import WorkDirPaths
from stride.sweeps.following.found import checked_sweep_name
from stride.sweeps.packing import Foreseen, Packing
from stride.sweeps.report.report import Report, report
from stride.sweeps.request.plan import Plan
from stride.sweeps.request.request import Request
from stride.sweeps.sweep import Sweep, open_sweep
from stride.sweeps.trials.trial import OVERRIDES, RUN, RUNS, best_trial
from stride.sweeps.worker import AfterTrial, Worker, do_nothing
from stride.trainer.trainer import Trainer


class Best(NamedTuple):
    """The best trial of a sweep.

    Attributes:
        value: of the metric.
        overrides: to train the same: `trainer.fit(best.overrides)`.
        runs: the folders of its runs, one for each seed.
        trial: its number.
    """

    value: float
    overrides: dict[str, Any]
    runs: list[Path]
    trial: int


class Sweeper:
    """Search for the best overrides of a trainer's config; every trial is a run of its work_dir.

    Args:
        trainer: trains all trials.
        search_space: dotted key -> dimension: a text as `float(1e-5,1e-1,log)`, a table, or a
            list of choices.
        grid: dotted key -> list of values, in place of a space.
        sampler: by name, or a table with `sampler_name` and its arguments.
        pruner: likewise, with `pruner_name`.
        trials: how many; None: all of a grid, and a search without an end.
        seeds: how many seeds each trial is trained with, or a list of them.
        name: of the sweep in the work_dir.
        storage: URL of a database that Optuna knows, in place of a file in the sweep's folder.
        retry_failed: whether failed trials are trained again.
        **more: further keys of a sweep file: `seed`, `metric`, `mode`, `overrides`, ...

    Raises:
        UserError: a wrong key or value, in the space or of the sampler or pruner.
    """

    def __init__(
        self,
        trainer: Trainer,
        search_space: Mapping[str, Any] | None = None,
        *,
        grid: Mapping[str, Sequence[Any]] | None = None,
        sampler: str | Mapping[str, Any] = "tpe",
        pruner: str | Mapping[str, Any] = "nop",
        trials: int | None = None,
        seeds: int | Sequence[int] = 1,
        name: str | None = None,
        storage: str | None = None,
        retry_failed: bool = False,
        **more: Any,
    ) -> None:
        asked = {
            "search": {key: _dimension(key, one) for key, one in (search_space or {}).items()},
            "grid": dict(grid or {}),
            "sampler_kwargs": _section("sampler_name", sampler),
            "pruner_kwargs": _section("pruner_name", pruner),
            "trials": trials,
            "seeds": seeds if isinstance(seeds, int) else [*seeds],
            **more,
        }
        given = {key: one for key, one in plain(asked).items() if one not in ({}, None)}
        spec = assemble([Layer("Sweeper", given)], trainer.builder.resolved.layers)
        self._set(trainer, spec, name, storage, retry_failed)

    @classmethod
    def of(
        cls,
        trainer: Trainer,
        spec: SweepSpec,
        name: str | None = None,
        *,
        storage: str | None = None,
        retry_failed: bool = False,
    ) -> "Sweeper":
        """Return the sweep of a trainer that a spec describes."""
        made = cls.__new__(cls)
        made._set(trainer, spec, name, storage, retry_failed)
        return made

    def _set(
        self,
        trainer: Trainer,
        spec: SweepSpec,
        name: str | None,
        storage: str | None,
        retry_failed: bool,
    ) -> None:
        self._trainer, self._spec, self._storage = trainer, spec, storage
        self._retry_failed = retry_failed
        work_dir = WorkDirPaths(Path(trainer.builder.resolved.work_dir).absolute())
        self.paths = work_dir.sweep(checked_sweep_name(name or spec.kind))

    def plan(self) -> Plan:
        """Return what `run` would train, keep and leave behind; make nothing.

        Raises:
            UserError: a key or value of a trial is wrong.
        """
        return self._request().plan()

    def foresee(self, plan: Plan, pack: Pack = "auto") -> list[Foreseen]:
        """Return which runs would be trained as one stack, and why others alone; make nothing.

        Args:
            plan: of what is to be trained.
            pack: as for `run`.
        """
        packing = Packing(self._spec, self._trainer, pack)
        return packing.foreseen(self._request().configs(plan))

    def run(self, after_trial: AfterTrial = do_nothing, *, pack: Pack = "auto") -> Best:
        """Train what is missing, in this process; return the best trial.

        Args:
            after_trial: called with each trial that has ended.
            pack: which runs are trained as one stack, each with the bits that it has alone:
                `auto`, where that is measured to be faster; `off`, none; or how many at most.

        Raises:
            UserError: as `plan`; no folder was made.
            RunFailed: no trial has come to its end.
            Interrupted: a signal ended the training; `run` goes on from there.
        """
        require_pack(pack)  # before there is a folder
        sweep = self.begin()
        Worker(sweep, self._trainer, pack).work(after_trial)
        return best_of(sweep)

    def write(self) -> Plan:
        """Bring the sweep's folder to what is asked; return what becomes of its trials.

        Raises:
            UserError: as `plan`; no folder was made.
            RunError: another process works on the sweep as it was.
        """
        return self._request().write()

    def begin(self) -> Sweep:
        """Bring the sweep's folder to what is asked, and open it.

        Raises:
            UserError: as `write`.
        """
        self.write()
        return open_sweep(self.paths)

    def report(self) -> Report:
        """Return what came out of the sweep so far: the best, the table of all, what failed.

        Raises:
            UserError: there is none yet, or a file of it is broken.
        """
        return report(self.paths)

    def _request(self) -> Request:
        return Request.of(
            self._trainer,
            self.paths,
            self._spec,
            storage=self._storage,
            retry_failed=self._retry_failed,
        )


def best_of(sweep: Sweep) -> Best:
    """Return the best trial of a sweep.

    Raises:
        RunFailed: no trial has come to its end.
    """
    study = sweep.study
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    best = best_trial(done, sweep.record.mode)
    if best is None:
        failed = study.get_trials(deepcopy=False, states=(TrialState.FAIL,))
        what = f"no trial has come to its end, and {len(failed)} have failed"
        raise RunFailed(what, where=str(sweep.paths.path), hint="read their logs: stride ls, logs")
    runs = [sweep.work_dir / one[RUN] for one in best.user_attrs.get(RUNS, [])]
    return Best(best.values[0], best.user_attrs[OVERRIDES], runs, best.number)


def _section(key: str, given: Any) -> dict[str, Any]:
    """Return a sampler or pruner as a spec takes it."""
    if isinstance(given, str):
        return {key: given}
    if isinstance(given, Mapping):
        return dict(given)
    part = key.removesuffix("_name")
    what = f"{part} is a {type(given).__name__}, and its name is needed, by which it is made again"
    raise ConfigError(what, key=part, hint=f"as {{'{key}': 'NAME', 'argument': value}}, or 'NAME'")


def _dimension(key: str, given: Any) -> Any:
    """Return a dimension as a spec takes it; a list is one of choices."""
    if isinstance(given, str | Mapping | IntRange | FloatRange | Choice):
        return given
    if isinstance(given, Iterable):
        return {"type": "choice", "values": [*given]}
    what = f"{key} is a {type(given).__name__}, no dimension"
    raise ConfigError(what, key=key, hint="as 'float(LOW,HIGH,log)', 'int(LOW,HIGH)' or a list")
