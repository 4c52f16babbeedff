"""`stride active`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from stride.tables.table import Column, Table
from stride.visible import quoted
from stride_cli.errors import INTERRUPTED
from stride_cli.listed import listed
from stride_cli.output import print_csv, print_json, print_table, tell
from stride_cli.reading.curves import csv_columns, explain, table
from stride_cli.running.early import refuse_mistakes

if TYPE_CHECKING:
    from stride.active.curves.groups import SeedRun
    from stride.trainers.active.comparison import Comparison

SEEDS = "5"


def run(
    work_dir: str,
    strategies: str | None,
    seeds: str | None,
    overrides: list[str],
    *,
    metric: str | None,
    target: float | None,
    trust: bool,
    json: bool,
    csv: bool,
) -> None:
    """Show learning curves side by side, and train what is missing where strategies are given."""
    if strategies is None:
        _refuse({"--seeds": seeds, "--config": overrides, "--trust": trust})
        told = _read(work_dir, metric, target)
    else:
        comparison = _trained(work_dir, strategies, seeds or SEEDS, overrides, trust)
        told = _curves(comparison, metric, target)
    if json:
        print_json(told)
    elif csv:
        print_csv(*csv_columns(told))
    else:
        header, rows = table(told)
        columns = [Column(title, str, numeric=at > 0) for at, title in enumerate(header)]
        print_table(Table(columns, rows))
        tell("\n".join(explain(told)))


def _refuse(options: Mapping[str, Any]) -> None:
    from stride.errors import UserError

    for name, value in options.items():
        if value:
            raise UserError(f"{name} is for runs that are trained", hint="add --compare A,B")


def _read(work_dir: str, metric: str | None, target: float | None) -> dict[str, Any]:
    """Return what the curves of a work_dir's runs say."""
    from stride.active.curves.comparison import compare_curves
    from stride.active.curves.groups import group_curves, read_runs
    from stride.errors import UserError

    runs = [one for one in read_runs(work_dir, _tell_unreadable) if one.has_rounds]
    done = _sound([one for one in runs if one.state == "done"], metric)
    _tell_left_out([one for one in runs if one.state != "done"])
    if not done:
        hint = f"type: stride active {quoted(work_dir)} --compare UniformSampling,EntropySampling"
        raise UserError("no run of active learning is done here", where=work_dir, hint=hint)
    return compare_curves(group_curves(done, metric), target)


def _sound(runs: Sequence["SeedRun"], metric: str | None) -> list["SeedRun"]:
    """Return the runs whose curves can be read; where that is none, say why of the first."""
    from stride.active.curves.groups import group_curves
    from stride.errors import UserError

    faults: dict[str, UserError] = {}
    for one in runs:
        try:
            group_curves([one], metric)
        except UserError as error:
            faults[one.run.name] = error
    if runs and len(faults) == len(runs):
        raise next(iter(faults.values()))
    for name, fault in faults.items():
        _tell_unreadable(name, fault.what)
    return [one for one in runs if one.run.name not in faults]


def _tell_unreadable(name: str, why: str) -> None:
    tell(f"left out, as it cannot be read: {name} ({why})")


def _tell_left_out(runs: Sequence["SeedRun"]) -> None:
    if runs:
        names = [f"{one.run.name} ({one.state})" for one in runs]
        tell(f"left out, as not done: {listed(names)}")


def _trained(
    work_dir: str, strategies: str, seeds: str, overrides: list[str], trust: bool
) -> "Comparison":
    """Train the runs of a comparison that are not done."""
    names, numbers = _names(strategies), _seeds(seeds)
    refuse_mistakes([*overrides, f"work_dir={work_dir}"], None)

    from stride.trainers.active.comparison import Comparison

    comparison = Comparison.of(work_dir, names, numbers, overrides, trust=trust)
    try:
        comparison.train(tell)
    except KeyboardInterrupt as error:  # typer would take any signal for Ctrl-C
        tell("to resume, type the same again")
        raise typer.Exit(getattr(error, "exit_code", INTERRUPTED)) from error
    return comparison


def _curves(comparison: "Comparison", metric: str | None, target: float | None) -> dict[str, Any]:
    """Return what the curves of a comparison say."""
    from stride.active.curves.groups import group_curves
    from stride.errors import UserError

    runs = comparison.runs()
    if missing := len(comparison.wanted) - len(runs):
        tell(f"left out, as not done: {missing} of the runs")
    if not runs:
        where = str(comparison.work_dir)
        raise UserError(
            "none of the runs is done", where=where, hint=f"type: stride ls {quoted(where)}"
        )
    return comparison.save(group_curves(runs, metric), target)


def _names(text: str) -> list[str]:
    from stride.errors import UserError

    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise UserError("--compare names no strategy", hint="type: --compare A,B")
    return names


def _seeds(text: str) -> list[int]:
    """Return the seeds 0 to n - 1 for a number n, those of a list as they are."""
    from stride.errors import UserError

    words = [word.strip() for word in text.strip(" ,").split(",")]
    listed = "," in text
    if not all(word.isdecimal() for word in words) or (not listed and int(words[0]) < 1):
        hint = "type how many, as 5, or which ones, as 0,3,7"
        raise UserError(f"{text!r} are not seeds", where="--seeds", hint=hint)
    return [int(word) for word in words] if listed else list(range(int(words[0])))
