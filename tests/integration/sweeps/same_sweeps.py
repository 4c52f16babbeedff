"""Compare what two sweeps left: their trials in Optuna's storage, and the runs of each."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial

from stride.runs.files.jsonl import read_lines
from stride.runs.layout import RunPaths
from stride.runs.provenance.start_state import never_began
from stride.runs.verify.run import verify_run
from stride.runs.work_dir import WorkDir
from stride.sweeps.sweep import open_sweep
from stride.sweeps.trials.trial import ERROR, OVERRIDES, PRUNED, RUN, RUNS, SEED, UUID, VALUE
from tests.integration.same_runs import unlike, without
from tests.integration.sweeps.sweeping import paths_of


def problems_of(work_dir: Path, whole: Path) -> list[str]:
    """Return what is wrong with a sweep that was killed and came to its end all the same.

    Args:
        work_dir: of the sweep.
        whole: that of one that was never killed.
    """
    return [*strays_of(work_dir), *unlike(left(whole), left(work_dir))]


def left(work_dir: Path) -> dict[str, Any]:
    """Return all that a sweep leaves, times and the numbers of runs aside."""
    return {str(one.number): _trial(work_dir, one) for one in trials_of(work_dir)}


def trials_of(work_dir: Path) -> list[FrozenTrial]:
    """Return the trials of a work_dir's sweep."""
    return open_sweep(paths_of(work_dir)).study.get_trials()


def strays_of(work_dir: Path) -> Iterator[str]:
    """Yield what is wrong with the runs: one that no trial or two have, or one that is broken."""
    noted = [run[UUID] for one in trials_of(work_dir) for run in one.user_attrs.get(RUNS, [])]
    if len({*noted}) < len(noted):
        yield "two trials have one run"
    for name in WorkDir(work_dir).names():
        paths = RunPaths(work_dir / name)
        if never_began(paths):
            continue
        if json.loads(paths.status.read_text())["uuid"] not in noted:
            yield f"no trial has the run {name}"
        yield from (f"{name}: {problem}" for problem in verify_run(paths.path).problems)


def _trial(work_dir: Path, one: FrozenTrial) -> dict[str, Any]:
    return {
        "state": one.state.name,
        "params": one.params,
        "values": one.values,
        "reported": one.intermediate_values,
        "pruned at": one.user_attrs.get(PRUNED),
        "overrides": one.user_attrs[OVERRIDES],
        "error": one.user_attrs.get(ERROR, "").splitlines()[-1:],  # a resumed run has other frames
        "runs": {
            str(run[SEED]): [run.get(VALUE), _run(RunPaths(work_dir / run[RUN]))]
            for run in one.user_attrs.get(RUNS, [])
        },
    }


def _run(paths: RunPaths) -> dict[str, Any]:
    """Return what a run left that has come to its end, or failed."""
    status = json.loads(paths.status.read_text())
    results = json.loads(paths.results.read_text()) if paths.results.exists() else {}
    rows = [without(row, "time") for row in read_lines(paths.metrics)]
    return {
        "status": [status["state"], status["reason"]],
        "weights": results.get("weights_sha256"),
        "results": without(results, "timings"),
        "rows": rows,
    }
