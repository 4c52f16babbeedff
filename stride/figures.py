"""Make pictures by matplotlib, all in one style, as PNG, SVG or PDF.

Figures are made without pyplot, which would keep them in a list of the whole process.
"""

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from warnings import catch_warnings, filterwarnings

from stride.errors import DataError, MissingExtra
from stride.visible import quoted, visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg", ".pdf")
_UNDATED = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
DOTS_PER_INCH = 150
# For colour-blind eyes too (M. Okabe and K. Ito, 2008). There is one mark fewer than colours, so
# that 42 lines differ.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKS = "osD^vP"
LIGHT_BLUE, LIGHT_RED = "#C6DDEC", "#F2B48A"
GREY, PALE = "0.45", "0.92"
_LOG = 20.0
"""From what ratio of the largest to the smallest value on these are drawn on a logarithmic axis."""


def new_figure(width: float, height: float) -> "Figure":
    """Return an empty figure.

    Args:
        width: in inches.
        height: likewise.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("matplotlib", "plots") from None
    return Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")


def count_along(axes: "Axes") -> None:
    """Mark whole numbers alone along the horizontal axis: no epoch is half."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def are_far_apart(values: Sequence[float]) -> bool:
    """Tell whether values are above 0 and so far apart that their logarithms are drawn."""
    return len(values) > 0 and min(values) > 0 and max(values) / min(values) >= _LOG


def scale_values(axes: "Axes", values: Sequence[float]) -> None:
    """Make the upright axis logarithmic where values are far apart."""
    if are_far_apart(values):
        axes.set_yscale("log")


def add_legend(figure: "Figure") -> None:
    """Say above a plot what its lines and marks are."""
    figure.legend(frameon=False, loc="outside upper left", ncols=5, fontsize="small")


def as_typed(text: str) -> str:
    """Return a text that a picture shows as it is, dollars too, which mean formulas otherwise."""
    return visible(text).replace("$", r"\$")


def picture(figure: "Figure", kind: str = "png") -> bytes:
    """Return a figure as the bytes of a file: equal figures as equal bytes.

    Args:
        figure: the figure.
        kind: png, svg or pdf.
    """
    from matplotlib import rc_context

    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color=PALE, linewidth=0.8)
        axes.set_axisbelow(True)
    buffer = io.BytesIO()
    with rc_context({"svg.hashsalt": "stride"}), catch_warnings():
        filterwarnings("ignore", "Glyph .* missing")  # a box stands for it, which says as much
        figure.savefig(buffer, format=kind, metadata=_UNDATED.get(kind))
    return buffer.getvalue()


def kind_of(path: str | os.PathLike[str]) -> str:
    """Return by the name of a file what kind of picture it is to hold.

    Raises:
        DataError: it is to hold none.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise no_picture(path, FORMATS)
    return suffix.removeprefix(".")


def no_picture(path: str | os.PathLike[str], formats: Sequence[str]) -> DataError:
    """Return the error that a file with such a name holds no plot, nor does a folder.

    Args:
        path: of the file.
        formats: the ends that the name of one may have; the first is told.
    """
    file = Path(path)
    named = file.with_suffix(formats[0]) if file.name.strip(".") else file / f"plot{formats[0]}"
    what = f"a plot is a {', '.join(formats[:-1])} or {formats[-1]} file"
    name = file.name or os.fspath(path)
    return DataError(f"{what}, not {name!r}", where=str(path), hint=f"type {quoted(named)}")
