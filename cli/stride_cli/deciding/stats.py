"""`stride stats`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stride_cli.address import require_runs, select
from stride_cli.deciding.asked import keys_of, metrics_of, mode_asked
from stride_cli.listed import NAMED, listed
from stride_cli.output import Form, print_csv, print_json, print_table, tell

if TYPE_CHECKING:
    from stride.runs.deciding.comparison import Comparison, Measured
    from stride.runs.deciding.configurations import LeftOut, Study
    from stride.runs.listing.facts import Facts
    from stride.runs.listing.selection import Selection


def run(
    places: Sequence[str],
    metrics: Sequence[str],
    *,
    over: str | None,
    where: str | None,
    mode: str | None,
    form: Form,
) -> None:
    """Compare configurations by metrics over their repetitions."""
    from stride.runs.deciding import plain, tables
    from stride.runs.deciding.comparison import compare
    from stride.runs.deciding.configurations import group

    way = mode_asked(mode)
    with select(places, where) as selection:
        runs = chosen_runs(selection, places, where)
        study = group(runs, keys_of(selection, over))
        found = [compare(study, metric, way) for metric in metrics_of(selection, runs, metrics)]
    if form is Form.JSON:
        print_json(plain.comparisons(study, found))
    elif form is Form.CSV:
        print_csv(tables.SHEET, tables.comparison_sheet(found))
    elif study.configurations:
        print_table(tables.comparison_table(found), form)
    if form is not Form.JSON:
        tell("\n".join(_explained(study, found)))


def refuse(options: Mapping[str, Any]) -> None:
    """Refuse options that say nothing of speed.

    Raises:
        UserError: one was given.
    """
    from stride.errors import UserError

    for name, value in options.items():
        if value is not None:
            raise UserError(f"--scaling is not by {name}", hint="choose runs by --where")


def run_scaling(places: Sequence[str], where: str | None, *, form: Form) -> None:
    """Show speed-up and efficiency over processes."""
    from stride.errors import UserError
    from stride.runs.deciding import plain, tables
    from stride.runs.deciding.scaling import scaling

    with select(places, where) as selection:
        rows, left_out = scaling(chosen_runs(selection, places, where))
    if not rows:
        raise UserError("no run here has timings", hint="they are written at the end of a run")
    if form is Form.JSON:
        print_json(plain.timings(rows, left_out))
        return
    table = tables.scaling_table(rows)
    print_table(table, form)
    tell("speed-up: samples per second against the fewest processes of the same work and device")
    if left_out:
        tell(f"left out: {named(left_out)}")


def chosen_runs(selection: "Selection", places: Sequence[str], where: str | None) -> list["Facts"]:
    """Return the runs that are left.

    Raises:
        UserError: there is none.
    """
    require_runs(selection, places, where)
    return list(selection.facts())


def _explained(study: "Study", found: Sequence["Comparison"]) -> Iterator[str]:
    """Yield in words what the numbers are, and which runs they leave out."""
    for one in found:
        way = {"max": "larger is better", "min": "smaller is better"}.get(one.mode or "")
        yield f"{one.metric.title}: {way or 'which way is better is not known; type: --mode max'}"
    keys = ", ".join(study.keys())
    yield f"over {keys}; IQM: mean of the middle half; 95 %: Student's t, and the bootstrap"
    if any(row.against_best for one in found for row in one.rows):
        yield "to the best: mean difference, pair by pair, in intervals that hold together"
    if any(row.standing == "behind" for one in found for row in one.rows):
        yield "behind: surely not the best"
    rows = [row for one in found for row in one.rows]
    if lines := [*dict.fromkeys(line for row in rows for line in gaps(study, row))]:
        yield some_of(lines, "\n")
    if study.left_out:
        yield f"left out: {named(study.left_out)}"


def gaps(study: "Study", row: "Measured") -> Iterator[str]:
    """Yield which repetitions of a configuration do not count, nothing where all do."""
    if parts := [*_reasons(study, row)]:
        yield f"{row.configuration.name or 'left out'}: {some_of(parts, '; ')}"


def _reasons(study: "Study", row: "Measured") -> Iterator[str]:
    for repeat, left in row.left_out.items():
        yield f"{study.label(repeat)} does not count, {left.facts.row.path} {_why(left)}"
    if row.missing:
        yield f"not among these runs: {listed([*map(study.label, row.missing)])}"
    for left in row.configuration.again:
        yield f"{left.facts.row.path} does not count: {left.why}"


def _why(left: "LeftOut") -> str:
    """Return why a run does not count, without what may be read of it by `stride show`."""
    why = left.why.partition(" (")[0].partition("; ")[0]
    return why if why.startswith("has ") else f"is {why}"


def named(some: Iterable["LeftOut"]) -> str:
    return some_of([f"{left.facts.row.path} ({left.why})" for left in some], "; ")


def some_of(texts: Sequence[str], between: str) -> str:
    return listed(texts, between) + (" (--json tells them all)" if len(texts) > NAMED else "")
