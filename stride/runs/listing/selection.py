"""Choose runs and sort them by what is recorded of them."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from stride.runs.listing.facts import Facts
from stride.runs.listing.rows.row import RunRow

if TYPE_CHECKING:
    from stride.runs.where.names import Field, Names


class Source(Protocol):
    """Give what is recorded of some runs of a work_dir, each known by a name."""

    work_dir: Path

    def facts(self, name: str) -> Facts:
        """Return everything recorded of a run."""
        ...

    def config_keys(self) -> Iterable[str]:
        """Return the keys of the configs of all runs."""
        ...

    def metric_names(self) -> Iterable[str]:
        """Return the names of the metrics of all runs."""
        ...


class Chosen(NamedTuple):
    """Name a run of a source.

    Attributes:
        name: of the run folder.
        source: gives what is recorded of it.
    """

    name: str
    source: Source

    @property
    def path(self) -> Path:
        """Return the run folder."""
        return self.source.work_dir / self.name

    def facts(self) -> Facts:
        """Return everything recorded of it."""
        return self.source.facts(self.name)


class Selection:
    """Runs that are filtered, sorted and looked at by what is recorded of them.

    Nothing of a run is kept in memory but its name: each look reads it again from its source.

    Attributes:
        runs: those that are left, in their order.
    """

    def __init__(self, runs: Iterable[Chosen]) -> None:
        self.runs = list(runs)
        self._sources = list({id(run.source): run.source for run in self.runs}.values())

    def __len__(self) -> int:
        return len(self.runs)

    def facts(self, limit: int | None = None) -> Iterator[Facts]:
        """Yield what is recorded of the runs that are left, in their order."""
        return (run.facts() for run in self.runs[:limit])

    def rows(self, limit: int | None = None) -> Iterator[RunRow]:
        """Yield the rows of the runs that are left, in their order."""
        return (facts.row for facts in self.facts(limit))

    @cached_property
    def _names(self) -> "Names":
        """Return what all runs have; what is left out later keeps its names."""
        from stride.runs.where.names import Names  # a listing without a query needs none

        config = (key for source in self._sources for key in source.config_keys())
        return Names(config, (name for source in self._sources for name in source.metric_names()))

    def where(self, query: str, *, now: float | None = None) -> None:
        """Keep the runs for which a query holds.

        Raises:
            QueryError: it is wrong; says where.
        """
        from stride.runs.where.match import where

        holds = where(query, self._names, now=now)
        self.runs = [run for run in self.runs if holds(run.facts().value)]

    def sort(self, by: str) -> None:
        """Sort by a name, with `-` before it the largest first; runs without it come last.

        Raises:
            UserError: there is no such name, or it may mean several.
        """
        field = self.field(by.removeprefix("-"))
        pairs = [(run.facts().value(field), run) for run in self.runs]
        known = [pair for pair in pairs if _is_known(pair[0])]
        known.sort(key=lambda pair: _order(pair[0]), reverse=by.startswith("-"))
        others = [run for value, run in pairs if not _is_known(value)]
        self.runs = [run for _, run in known] + others

    def field(self, text: str) -> "Field":
        """Return what a name means: `lr`, `test/accuracy`, `min(train/loss)`.

        Raises:
            UserError: there is no such name, or it may mean several.
        """
        from stride.runs.where.parse import ASPECTS

        aspect, _, inner = text.partition("(")
        if aspect in ASPECTS and inner.endswith(")"):
            return self._names.find(inner[:-1], aspect)
        return self._names.find(text)


class GivenRows:
    """Give what is recorded of runs that were named one by one.

    Args:
        work_dir: the folder that holds them.
        rows: of the runs.

    Attributes:
        runs: in their order.
    """

    def __init__(self, work_dir: Path, rows: Iterable[RunRow]) -> None:
        self.work_dir = work_dir
        self._facts = {row.path.name: Facts(row) for row in rows}
        self.runs = [Chosen(name, self) for name in self._facts]

    def facts(self, name: str) -> Facts:
        """Return everything recorded of a run."""
        return self._facts[name]

    def config_keys(self) -> set[str]:
        """Return the keys of the configs of all runs."""
        return {key for facts in self._facts.values() for key in facts.config}

    def metric_names(self) -> set[str]:
        """Return the names of the metrics of all runs."""
        return {name for facts in self._facts.values() for name in facts.metrics}


def _is_known(value: Any) -> bool:
    return value is not None and value == value


def _order(value: Any) -> tuple[int, Any]:
    """Return a key by which values of any kind have an order: numbers, then texts, then others."""
    if isinstance(value, bool | int | float):
        return 0, value
    if isinstance(value, str):  # as the numbers of runs are, which come before names
        return 1, (not value.isdecimal(), len(value) if value.isdecimal() else 0, value)
    return 2, str(value)
