"""Tell of records that are valid JSON and no sense, in one line that names the run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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


class Readable:
    """Give what can be read of a run, part by part, and remember what cannot.

    Args:
        text: the run, as it was typed.
        folder: of the run.
    """

    def __init__(self, text: str, folder: Path) -> None:
        self._text, self._folder = text, folder
        self._problems: dict[str, str] = {}  # each with a hint

    def problem(self, what: str, hint: str = "") -> None:
        """Remember what cannot be read."""
        self._problems.setdefault(what, hint)

    def part(self, read: Callable[[], Any], otherwise: Any) -> Any:
        """Return one part, or something else in the place of one that cannot be read."""
        from stride.errors import RunError

        try:
            return read()
        except RunError as error:
            self.problem(error.what, error.hint)
        except NONSENSE as error:
            self.problem(f"the records make no sense: {error}")
        return otherwise

    def require_whole(self) -> None:
        """Tell what could not be read.

        Raises:
            BrokenRecord: there was something.
        """
        from stride.errors import BrokenRecord

        if self._problems:
            what = f"{self._text} cannot be read whole: {'; '.join(self._problems)}"
            hint = next(filter(None, self._problems.values()), "")
            hint = hint or f"type: stride verify {quoted(self._text)}"
            raise BrokenRecord(what, where=str(self._folder), hint=hint)
