"""Tables as texts, read and refused."""

import pytest

from stride.data.table import table
from stride.errors import DataError


@pytest.fixture
def read(tmp_path):
    """Return a function that reads a CSV text as a table."""

    def run(text, *args, **options):
        (tmp_path / "t.csv").write_text(text)
        return table(str(tmp_path / "t.csv"), *args, **options)

    return run


@pytest.fixture
def refused(read, tmp_path):
    """Return a function that gives the message by which a CSV text is refused, without path."""

    def run(text, *args, **options):
        with pytest.raises(DataError) as caught:
            read(text, *args, **options)
        assert "\n" not in str(caught.value)
        return str(caught.value).replace(f"{tmp_path}/", "")

    return run
