"""`stride better --run`: train the runs that both sides need, then answer."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from stride.tables.table import Column, Table
from stride_cli.address import select
from stride_cli.deciding.better import Question, open_sides, print_decision
from stride_cli.errors import INTERRUPTED
from stride_cli.output import print_json, print_table, tell
from stride_cli.streams import excuse_stdout

if TYPE_CHECKING:
    from stride.runs.deciding.missing import MissingRun
    from stride.trainer.packs.several import Ended, Entry
    from stride_cli.deciding.better import Named, Opened

    Trained = Mapping[str, Any]

FAILED = 1


def run(
    words: Sequence[str], question: Question, seeds: int | None, *, trust: bool, json: bool
) -> None:
    """Train what is missing, answer, and leave with 1 where a run failed."""
    sides, missing, entries = _asked(words, question, seeds, trust=trust)
    if missing:
        tell(_summary(missing))
    trained = [*_trained(missing, entries)]
    with _whole(sides) as opened:
        found = question.decide(opened)
        print_decision(found, trained=trained, more=[*_facts(trained)], json=json)
    excuse_stdout()
    if any(one["status"] == "failed" for one in trained):
        raise typer.Exit(FAILED)


def plan(
    words: Sequence[str], question: Question, seeds: int | None, *, trust: bool, json: bool
) -> None:
    """Say what `run` would train, or refuse as it does."""
    _, missing, _ = _asked(words, question, seeds, trust=trust)
    if json:
        print_json({"runs": [_plain(one) for one in missing]})
        return
    if missing:
        columns = [Column(title, str) for title in ("run", "becomes", "seed", "of")]
        rows = [[_path(one), _becomes(one), str(one.seed), one.side.name] for one in missing]
        print_table(Table(columns, rows))
    tell(_summary(missing))


def refuse_alone(options: Mapping[str, Any]) -> None:
    """Refuse options that say what is trained where nothing is.

    Raises:
        UserError: one was given.
    """
    from stride.errors import UserError

    for name, value in options.items():
        if value:
            raise UserError(f"{name} says what is trained", hint="type it with --run, or --plan")


def _asked(
    words: Sequence[str], question: Question, seeds: int | None, *, trust: bool
) -> "tuple[Sequence[Named], list[MissingRun], list[Entry]]":
    """Return the two sides, the runs that are missing, and what trains them.

    Raises:
        UserError: a run cannot be trained; none is then.
    """
    _require_possible(question)
    with open_sides(words) as opened:
        sides = opened[1:]
        question.decide(opened)  # refuses sides that cannot be compared
    with _whole(sides) as opened:
        from stride.runs.deciding.missing import missing_runs

        _require_two(*opened[1:])
        missing = missing_runs(question.decide(opened), seeds)
    if not missing:
        return sides, [], []

    from stride.trainer.repeat import entries_of

    return sides, missing, entries_of(missing, trust=trust)


def _require_possible(question: Question) -> None:
    from stride.distributed import world_size
    from stride.errors import UserError

    if question.over not in (None, "seed"):
        hint = "leave out --over, or train them by: stride sweep"
        raise UserError(f"runs are trained over seeds, not over {question.over}", hint=hint)
    if world_size() > 1:
        what = "these processes would train each run together"
        raise UserError(what, hint="type it without a launcher")


def _require_two(one: "Named", other: "Named") -> None:
    from stride.errors import UserError

    if {facts.row.path for facts in one[1]} & {facts.row.path for facts in other[1]}:
        what = f"{one[0]} and {other[0]} are of one configuration"
        raise UserError(what, hint="ask for two that differ by more than the seed")


@contextmanager
def _whole(sides: "Sequence[Named]") -> "Iterator[Opened]":
    """Open the work_dirs of both sides; each side is its configuration with all runs there.

    A query need not hold for a run that is trained by its configuration alone.
    """
    from stride.runs.deciding.missing import alike_with

    places = [{str(facts.row.path.parent) for facts in runs} for _, runs in sides]
    with select(sorted(places[0] | places[1])) as selection:
        known = [*selection.facts()]
        one, other = (
            (name, alike_with(runs, (one for one in known if str(one.row.path.parent) in own)))
            for (name, runs), own in zip(sides, places, strict=True)
        )
        yield selection, one, other


def _trained(missing: "Sequence[MissingRun]", entries: "list[Entry]") -> "Iterator[Trained]":
    """Train all, say so of each, and yield what became of it."""
    if not missing:
        return
    from stride.trainer.packs.several import fit_each

    with _leaving_by_signal():
        for n, (one, ended) in enumerate(zip(missing, fit_each(entries), strict=True), start=1):
            became = _became(one, ended)
            why = f": {became['reason']}" if became["reason"] else ""
            tell(f"{n}/{len(missing)}  {became['run']}  {became['status']}  {one.label}{why}")
            yield became


def _became(missing: "MissingRun", ended: "Ended") -> dict[str, Any]:
    from stride.runs.layout import RunPaths
    from stride.runs.status import current_state

    state, reason = current_state(RunPaths(ended.path))
    path = missing.begun.row.path.parent / ended.path.name  # as the work_dir was addressed
    return _plain(missing) | {"run": str(path), "status": state, "reason": reason}


def _plain(missing: "MissingRun") -> dict[str, Any]:
    """Return a missing run as a program is told."""
    becomes = _becomes(missing)
    return {
        "of": missing.side.name,
        "seed": missing.seed,
        "becomes": becomes,
        "run": _path(missing),
    }


def _path(missing: "MissingRun") -> str | None:
    return str(missing.begun.row.path) if missing.resumes else None


def _becomes(missing: "MissingRun") -> str:
    return "resumed" if missing.resumes else "new"


def _summary(missing: "Sequence[MissingRun]") -> str:
    found = Counter(one.resumes for one in missing)
    parts = [f"{found[False]} to train"] * bool(found[False])
    parts += [f"{found[True]} to be resumed"] * bool(found[True])
    return ", ".join(parts) or "nothing to train: both have the same seeds"


def _facts(trained: "Sequence[Trained]") -> Iterator[tuple[str, str]]:
    """Yield how many runs were trained for an answer, and which failed."""
    if done := sum(one["status"] == "done" for one in trained):
        yield "trained", "1 run" if done == 1 else f"{done} runs"
    for one in trained:
        if one["status"] == "failed":
            yield "failed", f"seed {one['seed']} of {one['of']}, {one['run']}: {one['reason']}"


@contextmanager
def _leaving_by_signal() -> Iterator[None]:
    """Say how to go on where a signal ends a training, and leave by its exit code."""
    try:
        yield
    except KeyboardInterrupt as error:
        tell("to go on, type the same command again")
        raise typer.Exit(getattr(error, "exit_code", INTERRUPTED)) from error
