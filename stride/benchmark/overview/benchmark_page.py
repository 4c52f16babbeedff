"""Write the overview of a benchmark: the tables of models on data sets, ranks, and each cell."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from stride.benchmark.cells import Cells
from stride.benchmark.overview.epoch_errors import EpochErrors, read_epoch_errors
from stride.benchmark.overview.gallery import gallery, write_overview
from stride.benchmark.overview.pictures.cell_curves import cell_curves
from stride.benchmark.overview.pictures.model_ranks import model_ranks
from stride.benchmark.results import Results
from stride.benchmark.tables import result_tables
from stride.errors import RunError
from stride.pages.page import escaped, panel, section
from stride.runs.layout import OverviewPaths, RunPaths, WorkDirPaths
from stride.runs.listing.facts import Facts
from stride.visible import quoted


@dataclass(frozen=True)
class Cell:
    """One model on one data set.

    Attributes:
        name: of its picture.
        title: how a reader calls it.
        runs: that count, one for each seed.
        epochs: the errors after each epoch, of the runs that have recorded some.
    """

    name: str
    title: str
    runs: Sequence[Facts]
    epochs: Sequence[EpochErrors]


def write_benchmark_overview(
    work_dir: Path, cells: Cells, found: Sequence[Results], notes: Sequence[str]
) -> Path:
    """Draw every cell of a benchmark, and write the page that holds them with the tables.

    Args:
        work_dir: of the runs.
        cells: models by data sets.
        found: what each metric is in them.
        notes: what is to be known of the tables.

    Returns:
        The page, `overview.html` in the work_dir; pictures lie in `overview/`.

    Raises:
        RunError: there is no run of a reconstruction, or a file of one is broken.
        MissingExtra: matplotlib is not installed.
    """
    drawn = [one for one in _cells(cells) if one.epochs]
    if not drawn:
        hint = f"the table of other runs: stride benchmark {quoted(work_dir)}"
        raise RunError("no run of a reconstruction is here", where=str(work_dir), hint=hint)
    paths = WorkDirPaths(work_dir).overview
    name = f"Benchmark {work_dir.resolve().name}"
    return write_overview(paths, name, _body(name, paths, drawn, found, notes))


def _cells(cells: Cells) -> Iterator[Cell]:
    for column, (dataset, study) in enumerate(cells.datasets.items()):
        for row, one in enumerate(study.configurations):
            title = f"{one.name} on {dataset}"
            runs = [*one.runs.values()]
            yield Cell(f"cell_{row}_{column}", title, runs, _epochs(runs))


def _epochs(runs: Iterable[Facts]) -> list[EpochErrors]:
    files = [RunPaths(one.row.path).errors_csv for one in runs]
    read = [read_epoch_errors(file) for file in files if file.exists()]
    return [one for one in read if len(one) and one.errors]


def _body(
    name: str,
    paths: OverviewPaths,
    drawn: Sequence[Cell],
    found: Sequence[Results],
    notes: Sequence[str],
) -> Iterator[str]:
    yield f"<header><h1>{escaped(name)}</h1></header>"
    yield from section("Results", _results(found, notes))
    ranks = [one for number, each in enumerate(found) for one in model_ranks(number, each)]
    if ranks:
        yield from section("Ranks", gallery(paths, ranks))
    curves = (cell_curves(one.name, one.title, one.epochs) for one in drawn)
    yield from section("Cells", gallery(paths, curves, small=True))
    yield from section("Runs", _runs(paths.page.parent, drawn))


def _results(found: Sequence[Results], notes: Sequence[str]) -> Iterator[str]:
    for one in found:
        for table in result_tables(one):
            yield panel(table, table.above[0])
    yield from (f'<p class="soft">{escaped(note)}</p>' for note in notes)


def _runs(work_dir: Path, drawn: Sequence[Cell]) -> Iterator[str]:
    """Yield the runs of each cell, with links to the overviews that are there."""
    yield "<ul>"
    for cell in drawn:
        links = ", ".join(_link(work_dir, one) for one in cell.runs)
        yield f"<li>{escaped(cell.title)}: {links}</li>"
    yield "</ul>"
    yield '<p class="soft">A link leads to the overview of a run, once '
    yield "<code>stride overview</code> has written it.</p>"


def _link(work_dir: Path, run: Facts) -> str:
    name, page = escaped(run.row.name), RunPaths(work_dir / run.row.name).overview.page
    if not page.exists():
        return name
    return f'<a href="{quote(page.relative_to(work_dir).as_posix())}">{name}</a>'
