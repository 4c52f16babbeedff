"""Turn plots into the bytes of a file, of the kind that its name says."""

import os
from collections.abc import Sequence
from pathlib import Path

from stride.figures import no_picture
from stride.plots.plot import Plot
from stride.plots.svg import svg

PAGE = ".html"
"""The kind that holds any number of plots."""
FORMATS = (".svg", PAGE, ".png", ".pdf")


def format_of(path: str | os.PathLike[str]) -> str:
    """Return what kind of file a name says, as its end in small letters.

    Raises:
        DataError: plots are not written as such files.
    """
    kind = Path(path).suffix.lower()
    if kind not in FORMATS:
        raise no_picture(path, FORMATS)
    return kind


def file_content(plots: Sequence[Plot], kind: str) -> bytes:
    """Return what a file holds.

    Args:
        plots: several for a page, one for any other kind.
        kind: what `format_of` returned.

    Raises:
        MissingExtra: it needs matplotlib, which is not installed.
    """
    if kind == PAGE:
        from stride.plots.page import plot_page

        return plot_page(plots).encode()
    (plot,) = plots
    if kind == ".svg":
        return svg(plot).encode()
    from stride.figures import picture
    from stride.plots.figure import plot_figure

    return picture(plot_figure(plot), kind.removeprefix("."))
