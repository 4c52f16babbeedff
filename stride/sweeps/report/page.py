"""Write the report of a sweep as one page that needs nothing else: no network, script or file."""

import base64
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

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
from stride.tables.html import html
from stride.tables.table import Table
from stride.visible import visible


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
    template = Template(files("stride.sweeps.report").joinpath("page.html").read_text("utf-8"))
    body = "\n".join(_body(report))
    return template.substitute(name=_text(report.sweep.record.name), body=body)


def _body(report: Report) -> Iterator[str]:
    record = report.sweep.record
    yield f"<header><h1>Sweep {_text(record.name)}</h1>"
    yield f'<p class="soft">{_text(counts_line(report))}</p></header>'
    yield from _best(report)
    yield from _section("Configurations", _configurations(report))
    yield from _section("Importances", _importances(report))
    for plot in plots(report):
        yield from _section(plot.title, _figure(plot))
    if report.failures:
        yield from _section("Failed trials", _table(failure_table(report), "failed trials"))


def _section(title: str, content: Iterator[str]) -> Iterator[str]:
    name = title.lower().replace(" ", "-")
    yield f'<section aria-labelledby="{name}"><h2 id="{name}">{title}</h2>'
    yield from content
    yield "</section>"


def _best(report: Report) -> Iterator[str]:
    yield '<section class="panel best" aria-label="The best">'
    yield f"<p><strong>{_text(best_line(report))}</strong></p>"
    if report.best is not None:
        command = train_command(report.sweep.work_dir, report.best.overrides)
        yield f'<p class="soft">To train it again:</p><pre tabindex="0">{_text(command)}</pre>'
    yield "</section>"
    for edge in report.at_edges:
        yield f'<p class="warning" role="note">{_text(edge.sentence)}</p>'


def _configurations(report: Report) -> Iterator[str]:
    if not report.comparison.rows:
        yield "<p>None has come to its end.</p>"
        return
    yield from _table(top_table(report), "configurations, the best first")
    for line in (*more_line(report), *standing_lines(report), *not_finite_line(report)):
        yield f'<p class="soft">{_text(line)}</p>'


def _importances(report: Report) -> Iterator[str]:
    shares, _, why = report.importances
    if shares:
        yield from _table(importance_table(shares), "importances")
    if why:
        yield f'<p class="soft">{_text(why if shares else f"none: {why}")}</p>'


def _table(table: Table, name: str) -> Iterator[str]:
    """Yield a table in a region that can be scrolled by keys too."""
    yield f'<div class="panel" role="region" aria-label="{name}" tabindex="0">{html(table)}</div>'


def _figure(plot: Plot) -> Iterator[str]:
    image = base64.b64encode(plot.png).decode()
    words = _text(plot.words)
    yield f'<figure class="panel"><img alt="{words}" src="data:image/png;base64,{image}">'
    yield f"<figcaption>{words}</figcaption></figure>"


def _text(text: str) -> str:
    return escape(visible(text, lines=True))
