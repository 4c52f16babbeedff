"""Write plots as one page that needs nothing else: no network, script or file."""

from collections.abc import Iterator, Sequence

from stride.pages.page import escaped, whole_page
from stride.plots.plot import Plot
from stride.plots.svg import svg
from stride.plots.words import description


def plot_page(plots: Sequence[Plot]) -> str:
    """Return the page: each plot as SVG, and below it in words what it shows."""
    titles = list(dict.fromkeys(plot.title for plot in plots))
    return whole_page(f"plot of {', '.join(titles)}", _body(titles, plots))


def _body(titles: Sequence[str], plots: Sequence[Plot]) -> Iterator[str]:
    yield f"<header><h1>{escaped(', '.join(titles))}</h1></header>"
    for plot in plots:
        yield f'<figure class="panel">{svg(plot, 1040, 480)}'
        yield f"<figcaption>{escaped(description(plot))}</figcaption></figure>"
