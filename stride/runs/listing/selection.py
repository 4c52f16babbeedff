"""Choose runs and sort them by what is recorded of them."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from stride.runs.listing.facts import Facts
from stride.runs.listing.rows import RunRow
from stride.runs.where.match import where
from stride.runs.where.names import Field, Names
from stride.runs.where.parse import ASPECTS


class Selection:
    """Runs that are filtered, sorted and looked at by what is recorded of them.

    Args:
        rows: of the runs.
    """

    def __init__(self, rows: Iterable[RunRow]) -> None:
        self.facts = [Facts(row) for row in rows]

    @property
    def rows(self) -> list[RunRow]:
        """Return the rows of the runs that are left, in their order."""
        return [facts.row for facts in self.facts]

    @cached_property
    def _names(self) -> Names:
        """Return what all runs have; what is left out later keeps its names."""
        config = (key for facts in self.facts for key in facts.config)
        return Names(config, (name for facts in self.facts for name in facts.metrics))

    def where(self, query: str, *, now: float | None = None) -> None:
        """Keep the runs for which a query holds.

        Raises:
            QueryError: it is wrong; says where.
        """
        holds = where(query, self._names, now=now)
        self.facts = [facts for facts in self.facts if holds(facts.value)]

    def sort(self, by: str) -> None:
        """Sort by a name, with `-` before it the largest first; runs without it come last.

        Raises:
            UserError: there is no such name, or it may mean several.
        """
        field = self.field(by.removeprefix("-"))
        known = [facts for facts in self.facts if _is_known(facts.value(field))]
        others = [facts for facts in self.facts if not _is_known(facts.value(field))]
        known.sort(key=lambda facts: _order(facts.value(field)), reverse=by.startswith("-"))
        self.facts = known + others

    def field(self, text: str) -> Field:
        """Return what a name means: `lr`, `test/accuracy`, `min(train/loss)`.

        Raises:
            UserError: there is no such name, or it may mean several.
        """
        aspect, _, inner = text.partition("(")
        if aspect in ASPECTS and inner.endswith(")"):
            return self._names.find(inner[:-1], aspect)
        return self._names.find(text)


def _is_known(value: Any) -> bool:
    return value is not None and value == value


def _order(value: Any) -> tuple[int, Any]:
    """Return a key by which values of any kind have an order: numbers, then texts, then others."""
    if isinstance(value, bool | int | float):
        return 0, value
    if isinstance(value, str):  # as the numbers of runs are, which come before names
        return 1, (not value.isdecimal(), len(value) if value.isdecimal() else 0, value)
    return 2, str(value)
