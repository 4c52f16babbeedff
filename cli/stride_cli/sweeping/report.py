"""`stride sweep --report`."""

from pathlib import Path
from typing import TYPE_CHECKING

from stride_cli.listed import listed
from stride_cli.output import print_json, print_path, print_table, say, tell

if TYPE_CHECKING:
    from stride.sweeps.report.report import Report


def print_report(work_dir: str, name: str | None, *, html: bool, plots: bool, json: bool) -> None:
    """Say what came out of a sweep: in words and tables, plots and a page."""
    from stride.sweeps.following.found import find_sweep
    from stride.sweeps.report.report import report

    found = report(find_sweep(Path(work_dir), name))
    files = _written(found, html=html, plots=plots)
    if json:
        from stride.sweeps.report.plain import to_plain

        print_json(to_plain(found) | {"files": [str(path) for path in files]})
        return
    _print_words(found)
    for path in files:
        print_path(path)


def _written(found: "Report", *, html: bool, plots: bool) -> list[Path]:
    files: list[Path] = []
    if plots:
        from stride.sweeps.report.plots.draw import write_plots

        files += write_plots(found)
    if html:
        from stride.sweeps.report.page import write_page

        files.append(write_page(found))
    return files


def _print_words(found: "Report") -> None:
    from stride.sweeps.following.words import train_command
    from stride.sweeps.report import sentences
    from stride.sweeps.report.tables import top_table

    say(sentences.counts_line(found))
    say(sentences.best_line(found))
    if found.best is not None:
        command = train_command(found.sweep.work_dir, found.best.overrides)
        say(f"to train it again: {command}")
    if found.comparison.rows:
        say("")
        print_table(top_table(found))
        say("")
    for line in (*sentences.more_line(found), *sentences.standing_lines(found)):
        tell(line)
    say(sentences.importance_line(found.importances))
    lines = [*(one.sentence for one in found.at_edges), *sentences.not_finite_line(found)]
    lines += [listed([sentences.failure_line(one) for one in found.failures], "\n")]
    say("\n".join(filter(None, lines)))
