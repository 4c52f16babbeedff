"""Draw the ranks of models over the data sets of a benchmark."""

from collections.abc import Iterator

from stride.benchmark.overview.pictures.picture import BLUE, Picture
from stride.benchmark.results import Results
from stride.figures import GREY, add_legend, as_typed, count_along, new_figure


def model_ranks(number: int, found: Results) -> Iterator[Picture]:
    """Yield the rank of each model on each data set, and their mean; nothing without ranks.

    Args:
        number: of the metric, for the name of the files.
        found: by one metric.
    """
    places = found.mean_ranks
    if not places:
        return
    order = sorted(places, key=lambda model: -places[model])
    figure = new_figure(6.4, 1.3 + 0.34 * len(order))
    axes = figure.subplots()
    for height, model in enumerate(order):
        ranks = [found.ranks(dataset)[model] for dataset in found.ranked_over]
        axes.plot(ranks, [height] * len(ranks), "o", color=GREY, alpha=0.5, markersize=5)
        axes.plot(places[model], height, "D", color=BLUE, markersize=8)
    axes.plot([], [], "o", color=GREY, alpha=0.5, markersize=5, label="on one data set")
    axes.plot([], [], "D", color=BLUE, markersize=8, label="mean")
    axes.set_yticks(range(len(order)), [as_typed(model) for model in order])
    axes.set(xlabel="rank, 1 for the best", xlim=(0.7, len(order) + 0.3))
    axes.set_ylim(-0.6, len(order) - 0.4)
    count_along(axes)
    add_legend(figure)
    told = ", ".join(f"{model} {places[model]:.2f}" for model in reversed(order))
    title = f"Ranks by {found.metric.title}"
    words = f"over {len(found.ranked_over)} data sets; mean: {told}"
    yield Picture(f"ranks_{number}", title, words, figure)
