"""Write a report: one page that needs nothing else, to be sent, kept and printed."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from stride.errors import StrideError, UserError
from stride.pages.page import escaped, section, section_id, sort_script, whole_page
from stride.report.contents import Contents
from stride.report.head import head, title_of
from stride.report.parts.benchmark import benchmark
from stride.report.parts.curves import curves
from stride.report.parts.evaluations import evaluated
from stride.report.parts.learning import learning
from stride.report.parts.provenance import provenance
from stride.report.parts.reproduction import reproduction
from stride.report.parts.results import results
from stride.report.parts.runs import runs
from stride.report.parts.settings import settings
from stride.report.parts.sweeps import sweeps
from stride.report.parts.verified import verified
from stride.runs.collection.run_list import RunList
from stride.runs.files.atomic import atomic_write
from stride.runs.files.output_file import output_file

Part = Callable[[Contents], Iterable[str]]

_PARTS: Mapping[str, Part] = {
    "Results": results,
    "Curves": curves,
    "Benchmark": benchmark,
    "Sweeps": sweeps,
    "Active learning": learning,
    "Evaluations": evaluated,
    "Runs": runs,
    "Settings": settings,
    "Provenance": provenance,
    "Verified": verified,
    "Reproduction": reproduction,
}
_ENDINGS = (".html", ".htm")


def write_report(
    runs: RunList, path: str | os.PathLike[str], *, metrics: Sequence[str] = ()
) -> Path:
    """Write a page about runs, with everything in it: no network, no other file.

    A file that is there is replaced whole. Broken runs are told, and hide no other.

    Args:
        runs: as `stride.open_runs` gives them.
        path: of the page, .html.
        metrics: names by which settings are compared; for none the monitored metrics, and some of
            the test split.

    Returns:
        The path.

    Raises:
        UserError: there are no runs, no such metric, or there cannot be such a file.
        StrideError: the page cannot be written.
    """
    target = page_path(path)
    atomic_write(target, page(Contents.of(runs.rows, metrics)))
    return target


def page_path(path: str | os.PathLike[str]) -> Path:
    """Return the path of a page that can be written.

    Raises:
        UserError: it does not end in .html, is a folder, or lies in none.
    """
    found = output_file(path, "report.html")
    if found.suffix.lower() not in _ENDINGS:
        raise UserError("a report is a page", where=str(path), hint="end its name in .html")
    return found


def page(contents: Contents) -> str:
    """Return the page.

    Raises:
        UserError: there are no runs.
    """
    if not contents.runs:
        raise UserError("there are no runs to report", hint="stride ls W shows those of a work_dir")
    style = files("stride.report").joinpath("page.css").read_text("utf-8")
    title = f"report of {title_of(contents)}"
    return whole_page(title, _body(contents), style=style, script=sort_script())


def _body(contents: Contents) -> Iterator[str]:
    parts = {title: [*_part(contents, part)] for title, part in _PARTS.items()}
    shown = {title: lines for title, lines in parts.items() if lines}
    yield from head(contents)
    links = (f'<a href="#{section_id(title)}">{title}</a>' for title in shown)
    yield f'<nav aria-label="Sections">{" ".join(links)}</nav>'
    for title, lines in shown.items():
        yield from section(title, lines)


def _part(contents: Contents, part: Part) -> Iterator[str]:
    """Yield a part of the page; where a file of a run is broken, what is wrong with it."""
    try:
        yield from part(contents)
    except StrideError as error:
        yield f'<p class="warning" role="note">{escaped(str(error))}</p>'
