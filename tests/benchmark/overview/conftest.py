"""One overview that several tests look at: to draw it takes seconds."""

import pytest

from stride.benchmark.overview.run_page import write_run_overview
from tests.benchmark.overview.made import Made, make_reconstruction

NOTE = "<script>alert('note')</script>"


@pytest.fixture(scope="session")
def overview(tmp_path_factory):
    """Give the paths of a run whose overview was written."""
    made = Made(epochs=3, examples=1, shown=("test",), errors=("l1",), note=NOTE)
    paths = make_reconstruction(tmp_path_factory.mktemp("overview") / "w", made)
    assert write_run_overview(paths.path) == paths.overview.page
    return paths
