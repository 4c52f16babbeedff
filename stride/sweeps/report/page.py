"""Write the report of a sweep as one page that needs nothing else: no network, script or file."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from stride.pages.page import escaped, image, panel, section, whole_page
from stride.runs.files.atomic import atomic_write
from stride.sweeps.following.words import train_command
from stride.sweeps.report.plots.draw import Plot, plots
from stride.sweeps.report.report import Report
from stride.sweeps.report.sentences import (
    best_line,
    counts_line,
    more_line,
    not_finite_line,
    standing_lines,
)
from stride.sweeps.report.tables import failure_table, importance_table, top_table


def write_page(report: Report) -> Path:
    """Write the page into the folder of the report; return its path.

    Raises:
        MissingExtra: matplotlib is not installed, by which its plots are drawn.
    """
    path = report.sweep.paths.page
    text = page(report)
    path.parent.mkdir(exist_ok=True)
    atomic_write(path, text)
    return path


def page(report: Report) -> str:
    """Return the page.

    Raises:
        MissingExtra: likewise.
    """
    style = files("stride.sweeps.report").joinpath("page.css").read_text("utf-8")
    return whole_page(f"sweep {report.sweep.record.name}", _body(report), style=style)


def _body(report: Report) -> Iterator[str]:
    record = report.sweep.record
    yield f"<header><h1>Sweep {escaped(record.name)}</h1>"
    yield f'<p class="soft">{escaped(counts_line(report))}</p></header>'
    yield from _best(report)
    yield from section("Configurations", _configurations(report))
    yield from section("Importances", _importances(report))
    for plot in plots(report):
        yield from section(plot.title, _figure(plot))
    if report.failures:
        yield from section("Failed trials", [panel(failure_table(report), "failed trials")])


def _best(report: Report) -> Iterator[str]:
    yield '<section class="panel best" aria-label="The best">'
    yield f"<p><strong>{escaped(best_line(report))}</strong></p>"
    if report.best is not None:
        command = train_command(report.sweep.work_dir, report.best.overrides)
        yield f'<p class="soft">To train it again:</p><pre tabindex="0">{escaped(command)}</pre>'
    yield "</section>"
    for edge in report.at_edges:
        yield f'<p class="warning" role="note">{escaped(edge.sentence)}</p>'


def _configurations(report: Report) -> Iterator[str]:
    if not report.comparison.rows:
        yield "<p>None has come to its end.</p>"
        return
    yield panel(top_table(report), "configurations, the best first")
    for line in (*more_line(report), *standing_lines(report), *not_finite_line(report)):
        yield f'<p class="soft">{escaped(line)}</p>'


def _importances(report: Report) -> Iterator[str]:
    shares, _, why = report.importances
    if shares:
        yield panel(importance_table(shares), "importances")
    if why:
        yield f'<p class="soft">{escaped(why if shares else f"none: {why}")}</p>'


def _figure(plot: Plot) -> Iterator[str]:
    yield f'<figure class="panel">{image(plot.png, plot.words)}'
    yield f"<figcaption>{escaped(plot.words)}</figcaption></figure>"
