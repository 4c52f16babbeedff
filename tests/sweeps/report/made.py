"""Sweeps as they lie, made without a training: record, journal of Optuna, streams of runs."""

import json
import math
import uuid

from optuna.trial import TrialState, create_trial

from stride.config.nonfinite import encode_numbers
from stride.config.sweep.spec import SweepSpec
from stride.runs.files.atomic import atomic_json
from stride.runs.layout import WorkDirPaths
from stride.runs.records.sweep import SweepRecord
from stride.sweeps.request.plan import Entry
from stride.sweeps.request.revise import dimensions
from stride.sweeps.search.space import Space
from stride.sweeps.search.storage import open_storage
from stride.sweeps.search.study import create_study, open_study
from stride.sweeps.trials.trial import ERROR, OVERRIDES, RUN, RUNS, SEED, UUID, VALUE

METRIC = "validation/epoch_loss"
STATES = {
    "done": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
    "waiting": TrialState.WAITING,
    "running": TrialState.RUNNING,
}


LR, HIDDEN, NAME = (
    "optimizer_kwargs.lr",
    "model_kwargs.hidden",
    "optimizer_kwargs.optimizer_name",
)
MOMENTUM = "optimizer_kwargs.momentum"
SEARCH = {
    LR: "float(1e-5,1e-1,log)",
    HIDDEN: "choice([64],[64,64])",
    NAME: "choice(AdamW,SGD)",
    MOMENTUM: f"float(0,0.9) if {NAME}=SGD",
}


def a_trial(rate=1e-2, hidden=(64,), momentum=None, **more):
    """Return a trial of SEARCH, whose momentum is searched for where SGD is chosen."""
    chosen = {LR: rate, HIDDEN: [*hidden], NAME: "AdamW" if momentum is None else "SGD"}
    return {"overrides": chosen | ({} if momentum is None else {MOMENTUM: momentum}), **more}


MIXED = [
    a_trial(1e-2, value=0.5, curve=[0.9, 0.5]),
    a_trial(1e-3, (64, 64), 0.1, value=0.4, curve=[0.8, 0.4]),
    a_trial(1e-4, value=math.inf, curve=[0.9, math.nan]),
    a_trial(2e-4, momentum=0.9, state="pruned", curve=[0.9]),
    a_trial(3e-4, state="failed", error="lost"),
]


def make_sweep(work_dir, asked, trials, *, mode="min", metric=METRIC, name="s"):
    """Make a sweep; return its paths.

    Args:
        work_dir: where.
        asked: the fields of its spec.
        trials: each a dict with `overrides`, and `value`, or `values` by seed; `state` if it is
            not done, `error`, and `curve`, the metric after each epoch.
        mode: which way is better.
        metric: what is optimised.
        name: of the sweep.
    """
    paths, spec = WorkDirPaths(work_dir).sweep(name), SweepSpec.from_json(asked)
    paths.path.mkdir(parents=True)
    record = SweepRecord(
        name=name,
        uuid=uuid.UUID(int=1).hex,
        created=1.0,
        spec=spec.to_json(),
        study=name,
        metric=metric,
        mode=mode,
    )
    storage = open_storage(paths)
    create_study(storage, name, mode)
    study = open_study(storage, name, spec)
    entries = [Entry(one["overrides"], "") for one in trials]
    space = Space(spec.search or dimensions(entries))
    study.add_trials([_trial(work_dir, metric, space, n, one) for n, one in enumerate(trials)])
    atomic_json(paths.record, record.to_json())
    return paths


def _trial(work_dir, metric, space, number, one):
    state = STATES[one.get("state", "done")]
    values = one.get("values", {0: one["value"]} if "value" in one else {0: None})
    runs = [_run(work_dir, metric, number, *pair, one) for pair in values.items()]
    params = space.stored(one["overrides"])
    attributes = {OVERRIDES: one["overrides"], RUNS: [] if state == TrialState.WAITING else runs}
    if "error" in one:
        attributes[ERROR] = one["error"]
    known = [value for value in values.values() if value is not None]
    done = state == TrialState.COMPLETE
    return create_trial(
        state=state,
        value=one.get("value", sum(known) / len(known)) if done else None,
        params=params,
        distributions={key: space.distributions[key] for key in params},
        user_attrs=attributes,
    )


def _run(work_dir, metric, number, seed, value, one):
    name = f"{number}" if not seed else f"{number}-{seed}"
    if curve := one.get("curve"):
        (work_dir / name).mkdir()
        rows = [{"step": 10 * n, "epoch": n, metric: v} for n, v in enumerate(curve, 1)]
        text = "".join(json.dumps(encode_numbers(row)) + "\n" for row in rows)
        (work_dir / name / "metrics.jsonl").write_text(text)
    run = {SEED: seed, RUN: name, UUID: f"{number:032x}"}
    return run if value is None else {**run, VALUE: value}
