"""Draw how the metrics of a report went in the training of its runs."""

from collections.abc import Iterable, Iterator

from stride.errors import BrokenRecord, UserError
from stride.pages.page import escaped
from stride.plots.plot import Plot
from stride.plots.svg import svg
from stride.report.contents import Contents
from stride.runs.curves.plots import plot_runs

_TEST = "test/"
_MOST = 4  # plots


def curves(contents: Contents) -> Iterator[str]:
    """Yield a plot for each metric that was measured along the training, seeds as one line."""
    runs = [facts for facts in contents.runs if facts.config_error is None]
    plots: list[Plot] = []
    broken: dict[str, None] = {}
    for name in _names(contents)[:_MOST]:
        try:
            plots += plot_runs(runs, [name])
        except BrokenRecord as error:
            broken[str(error)] = None
        except UserError:  # it was measured in the end alone, which the tables tell
            continue
    yield from figures(plots)
    yield from (f'<p class="warning" role="note">{escaped(why)}</p>' for why in broken)


def _names(contents: Contents) -> list[str]:
    """Return the metrics of a report, each with those that measure the same on other splits."""
    known = dict.fromkeys(name for facts in contents.runs for name in facts.metrics)
    chosen = [one.key for one in contents.metrics if not one.key.startswith(_TEST)]
    kinds = {_kind(name) for name in chosen}
    alike = [name for name in known if _kind(name) in kinds and not name.startswith(_TEST)]
    names = list(dict.fromkeys([*chosen, *alike]))
    return [name for name in names if _of_epoch(name) == name or _of_epoch(name) not in names]


def _of_epoch(name: str) -> str:
    """Return what the mean over whole epochs is called of a metric that is told between too."""
    split, _, metric = name.rpartition("/")
    return f"{split}/epoch_{metric.removeprefix('epoch_')}"


def _kind(name: str) -> str:
    """Return what a metric measures, whatever the split."""
    return name.rpartition("/")[2].removeprefix("epoch_")


def figures(plots: Iterable[Plot]) -> Iterator[str]:
    """Yield plots side by side where there is room, their notes below them."""
    shown = "".join(map(_figure, plots))
    if shown:
        yield f'<div class="plots">{shown}</div>'


def _figure(plot: Plot) -> str:
    notes = "<br>".join(map(escaped, plot.notes))
    below = f"<figcaption>{notes}</figcaption>" if notes else ""
    return f"<figure>{svg(plot._replace(notes=()))}{below}</figure>"
