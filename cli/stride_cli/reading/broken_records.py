"""Tell of records that are valid JSON and no sense, in one line that names the run."""

from collections.abc import Iterator
from contextlib import contextmanager

from stride.visible import quoted

NONSENSE = (
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    OSError,
)
"""What a list for a table, or a text for a number, leads to; and a file that cannot be read."""


@contextmanager
def broken_records_as_errors(*runs: str) -> Iterator[None]:
    """Turn what the records of runs lead to into an error that names them.

    Raises:
        BrokenRecord: they make no sense.
    """
    from stride.errors import BrokenRecord

    try:
        yield
    except NONSENSE as error:
        what = f"the records of {' and '.join(runs)} make no sense: {error}"
        hint = f"type: stride verify {' '.join(map(quoted, runs))}"
        raise BrokenRecord(what, hint=hint) from error
