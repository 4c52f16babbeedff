"""Draw all pictures of a run that there is something to draw for."""

from collections.abc import Iterator

from stride.benchmark.overview.pictures.area_curves import area_curves
from stride.benchmark.overview.pictures.error_curves import error_curves
from stride.benchmark.overview.pictures.histograms import histograms
from stride.benchmark.overview.pictures.picture import Picture
from stride.benchmark.overview.pictures.places import places
from stride.benchmark.overview.pictures.reconstructions import reconstructions
from stride.benchmark.overview.pictures.roc_curves import roc_curves
from stride.benchmark.overview.pictures.spent_time import spent_time
from stride.benchmark.overview.recorded import Recorded


def run_pictures(recorded: Recorded) -> Iterator[Picture]:
    """Yield the pictures, in the order of the page.

    Raises:
        RunError: a file of the run is broken.
        MissingExtra: matplotlib is not installed.
    """
    yield error_curves(recorded.epochs)
    yield spent_time(recorded.epochs)
    yield from area_curves(recorded.epochs)
    yield from roc_curves(recorded)
    yield from histograms(recorded)
    yield from places(recorded)
    yield from reconstructions(recorded)
