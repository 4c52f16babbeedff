"""`stride sweep --plan`: say what would be trained, and what is kept."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from stride.sweeps.following.words import near, overrides_of, shown
from stride.tables.table import Column, Table, numbers
from stride_cli.listed import NAMED
from stride_cli.output import print_json, print_table, tell
from stride_cli.sweeping.sentences import inexact_notes

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

    from stride.config.sweep.spec import SweepSpec
    from stride.runs.layout import SweepPaths
    from stride.sweeps.packing import Foreseen
    from stride.sweeps.request.plan import Entry, Plan


def print_plan(
    plan: "Plan",
    spec: "SweepSpec",
    paths: "SweepPaths",
    packs: Sequence["Foreseen"],
    *,
    json: bool,
) -> None:
    """Print what is to become of the trials of a sweep, and which of them are packed."""
    from stride.sweeps.search.study import inexact

    notes = inexact(spec)
    if json:
        found = {"inexact": notes, "packs": [one._asdict() for one in packs]}
        print_json(_plain(plan, spec, paths) | found)
        return
    rows = [*_rows(plan)]
    if rows:
        columns = [Column("trial", str), Column("becomes", str), numbers("value")]
        columns += [Column("overrides", long=True)]
        print_table(Table(columns, [*_first(rows)]))
    for line in [*opening(plan, spec, paths), *_packed(packs)]:
        tell(line)


def _packed(packs: Sequence["Foreseen"]) -> Iterator[str]:
    """Yield which runs are trained as one stack, and why others alone; nothing of a single one."""
    for one in packs if sum(one.runs for one in packs) > 1 else ():
        runs = f"{one.runs:,} run{'s' * (one.runs > 1)}"
        if one.why_alone:
            yield f"pack: {runs} alone: {one.why_alone}"
        else:
            most = f"{one.width} at once" if one.width < one.runs else "at once"
            yield f"pack: {runs} {most}, a step {one.speedup:.2g} times as fast as one by one"


def opening(plan: "Plan", spec: "SweepSpec", paths: "SweepPaths") -> Iterator[str]:
    """Yield what is to become of the trials, and what of it may surprise."""
    from stride.sweeps.search.study import inexact

    yield summary(plan, spec, paths)
    if changed := len(plan.changed):
        yield (
            f"note: {changed} of those to train had been trained: the config that they start from, "
            "the code or the data has changed since (another --name keeps the two apart)"
        )
    yield from inexact_notes(inexact(spec))


def summary(plan: "Plan", spec: "SweepSpec", paths: "SweepPaths") -> str:
    """Say in one line what is added, kept and left behind."""
    found = Counter(_becomes(one) for one in plan.entries)
    found["left"] = len(plan.left)
    parts = [f"{found[name]} {text}" for name, text in _WORDS.items() if found[name]]
    if (more := to_choose(plan, spec)) != 0:
        many = "trials without end" if more is None else f"{more} trials"
        parts.insert(0, f"{many} to be chosen by {spec.sampler_kwargs.sampler_name}")
    where = f"sweep {paths.name} in {near(paths.work_dir)}"
    return f"{where}: {', '.join(parts) or 'nothing to train'}"


_WORDS = {
    "new": "to train",
    "resumed": "to be resumed",
    "extended": "to be trained with more seeds",
    "kept": "kept",
    "failed": "failed before (--retry-failed trains them again)",
    "left": "left behind (their runs stay)",
}


def to_choose(plan: "Plan", spec: "SweepSpec") -> int | None:
    """Return how many trials a search is still to choose, None for one without an end."""
    if spec.kind != "search":
        return 0
    return None if spec.trials is None else max(0, spec.trials - len(plan.entries))


def _becomes(entry: "Entry") -> str:
    from optuna.trial import TrialState

    if entry.before is None:
        return "new"
    states = {TrialState.RUNNING: "resumed", TrialState.FAIL: "failed"}
    if entry.lacks_seeds:
        return "extended"
    return states.get(entry.before.state, "kept")


def _rows(plan: "Plan") -> Iterator[list[Any]]:
    for one in plan.entries:
        before = one.before
        number, value = (None, None) if before is None else (before.number, before.value)
        yield [number, _becomes(one), value, shown(one.overrides)]
    for trial in plan.left:
        yield [trial.number, "left", trial.value, shown(overrides_of(trial))]


def _first(rows: Sequence[list[Any]]) -> Iterator[list[Any]]:
    """Yield the first rows of each kind, and how many more there are."""
    for kind in dict.fromkeys(row[1] for row in rows):
        found = [row for row in rows if row[1] == kind]
        yield from found[:NAMED]
        if len(found) > NAMED:
            yield [None, kind, None, f"and {len(found) - NAMED:,} more"]


def _plain(plan: "Plan", spec: "SweepSpec", paths: "SweepPaths") -> dict[str, Any]:
    entries = [
        {"becomes": _becomes(one), "overrides": dict(one.overrides), **_before(one.before)}
        for one in plan.entries
    ]
    left = [
        {"becomes": "left", "overrides": overrides_of(one), **_before(one)} for one in plan.left
    ]
    return {
        "sweep": paths.name,
        "path": str(paths.path),
        "trials": entries + left,
        "to_choose": to_choose(plan, spec),
    }


def _before(trial: "FrozenTrial | None") -> dict[str, Any]:
    if trial is None:
        return {"trial": None, "value": None, "runs": []}
    runs = [one["run"] for one in trial.user_attrs.get("runs", [])]
    return {"trial": trial.number, "value": trial.value, "runs": runs}
