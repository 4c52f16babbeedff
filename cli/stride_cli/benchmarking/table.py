"""Print the table of a benchmark: it reads runs, and loads no torch."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stride_cli.address import select
from stride_cli.deciding.asked import metrics_of, mode_asked
from stride_cli.deciding.stats import chosen_runs, gaps, named, some_of
from stride_cli.listed import listed
from stride_cli.output import Form, print_csv, print_json, print_table, say, tell

if TYPE_CHECKING:
    from stride.benchmark.cells import Cells
    from stride.benchmark.results import Results


def print_results(
    work_dir: str, metrics: Sequence[str], *, where: str | None, mode: str | None, form: Form
) -> None:
    """Print what metrics are in the runs of a work_dir, by models and data sets."""
    cells, found = read_results(work_dir, metrics, where, mode)
    if form is Form.JSON:
        from stride.benchmark.plain import to_plain

        print_json(to_plain(cells, found))
        return
    if form is Form.CSV:
        from stride.benchmark.tables import SHEET, result_sheet

        print_csv(SHEET, result_sheet(found))
    else:
        _print_tables(found, form)
    tell("\n".join(explained(cells, found)))


def refuse_mistyped(mode: str | None, where: str | None) -> None:
    """Refuse what no table can be made by; to be asked before anything is trained for one.

    Raises:
        UserError: it is wrong; says where.
    """
    mode_asked(mode)
    if where is not None:
        from stride.runs.where.parse import parse

        parse(where)


def refuse_alone(options: Mapping[str, Any]) -> None:
    """Refuse options that say what is trained where nothing is.

    Args:
        options: option, with _ for - -> what was typed.

    Raises:
        UserError: one was.
    """
    from stride.errors import UserError

    for name, value in options.items():
        if value:
            typed = "key=value" if name == "overrides" else f"--{name.replace('_', '-')}"
            hint = "type --models and --datasets too, or --file"
            raise UserError(f"{typed} says what is trained, and nothing is", hint=hint)


def read_results(
    work_dir: str, metrics: Sequence[str], where: str | None, mode: str | None
) -> "tuple[Cells, list[Results]]":
    """Return the cells of a work_dir, and what metrics are in them.

    Raises:
        UserError: no run is there, or a metric is not known.
    """
    from stride.benchmark.cells import arrange
    from stride.benchmark.results import Results, default_metrics

    way = mode_asked(mode)
    _require_runs(work_dir)
    with select([work_dir], where) as selection:
        runs = chosen_runs(selection, [work_dir], where)
        names = metrics or default_metrics([{*run.metrics} for run in runs])
        cells = arrange(runs)
        fields = metrics_of(selection, runs, names)
        return cells, [Results.of(cells, one, way) for one in fields]


def _require_runs(place: str) -> None:
    """Refuse a place where nothing has been trained as yet."""
    from stride.errors import UserError
    from stride.runs.listing.places import is_run, is_work_dir, work_dirs_of

    if not is_run(place) and not any(map(is_work_dir, work_dirs_of(place))):
        hint = "type --models and --datasets, which trains them"
        raise UserError(f"there are no runs in {place}", hint=hint)


def _print_tables(found: Sequence["Results"], form: Form) -> None:
    from stride.benchmark.tables import result_tables

    for number, table in enumerate(table for one in found for table in result_tables(one)):
        if number:
            say("")
        print_table(table, form)


def explained(cells: "Cells", found: Sequence["Results"]) -> Iterator[str]:
    """Yield in words what the numbers are, and what is not among them."""
    yield "IQM: mean of the middle half; 95 %: the bootstrap, too narrow below about ten seeds"
    if len(cells.models) > 1:
        yield (
            "best: the best mean of a data set; behind: surely not the best, seed by seed, in "
            "intervals that hold together"
        )
    for one in found:
        yield from _ranking(one)
    lines = [f"{name}: {gap}" for one in found for name, gap in _gaps(cells, one)]
    if lines := [*dict.fromkeys(lines)]:
        yield some_of(lines, "\n")
    if cells.left_out:
        yield f"left out: {named(cells.left_out)}"


def _ranking(found: "Results") -> Iterator[str]:
    """Yield over which data sets models are ranked by a metric, and over which not."""
    title = found.metric.title
    if found.mode is None:
        yield f"{title}: which way is better is not known; type: --mode max"
    elif len(found.models) > 1:
        ranked = found.ranked_over
        yield f"{title}: mean rank over {len(ranked)} of {len(found.columns)} data sets"
        for name in (name for name in found.columns if name not in ranked):
            yield f"{title}: not over {name}, without a value of {listed(found.missing(name))}"


def _gaps(cells: "Cells", found: "Results") -> Iterator[tuple[str, str]]:
    for name, study in cells.datasets.items():
        rows = found.columns[name].rows
        yield from ((name, gap) for row in rows for gap in gaps(study, row))
