"""Write plots as one page that needs nothing else: no network, script or file."""

from collections.abc import Iterator, Sequence

from stride.pages.page import escaped, whole_page
from stride.plots.plot import Plot
from stride.plots.svg import svg
from stride.plots.words import description

_STYLE = """  .plots { display: grid; gap: 1.2rem; margin-top: 1rem;
           grid-template-columns: repeat(auto-fit, minmax(min(100%, 32rem), 1fr)); }
  .plots figure { margin: 0; padding: .4rem; }
  .plots svg { display: block; margin: 0 auto; }
  .plots figcaption { margin: .4rem .8rem; }"""


def plot_page(plots: Sequence[Plot]) -> str:
    """Return the page: each plot as SVG, and below it in words what it shows."""
    titles = list(dict.fromkeys(plot.title for plot in plots))
    return whole_page(f"plot of {', '.join(titles)}", _body(titles, plots), style=_STYLE)


def _body(titles: Sequence[str], plots: Sequence[Plot]) -> Iterator[str]:
    yield f"<header><h1>{escaped(', '.join(titles))}</h1></header>"
    yield '<div class="plots">'
    for plot in plots:
        yield f'<figure class="panel">{svg(plot)}'
        yield f"<figcaption>{escaped(description(plot))}</figcaption></figure>"
    yield "</div>"
