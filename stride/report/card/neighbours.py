"""Look at the runs beside that of a card: its other seeds, and those that did it again."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from stride.errors import RunError
from stride.report.card.subject import Subject
from stride.runs.deciding.comparison import Measured, measure
from stride.runs.deciding.configurations import group
from stride.runs.deciding.missing import alike_with
from stride.runs.layout import RunPaths
from stride.runs.listing.facts import Facts
from stride.runs.listing.places import selected
from stride.runs.records.reproduction import ReproductionRecord
from stride.runs.where.names import Field


class Neighbours(NamedTuple):
    """Hold what the runs of the same work_dir say of one.

    Attributes:
        over_seeds: by the name of a metric, its values over the seeds that are done, where there
            are several.
        reproductions: by the name of a run that did it again, how the two compare.
    """

    over_seeds: Mapping[str, Measured]
    reproductions: Mapping[str, ReproductionRecord]


def neighbours(subject: Subject) -> Neighbours:
    """Look at the runs beside one."""
    with selected([subject.path.parent], whole=True) as selection:
        runs = [*selection.facts()]
        return Neighbours(dict(_over_seeds(subject, runs)), dict(_reproductions(subject, runs)))


def _over_seeds(subject: Subject, runs: Sequence[Facts]) -> Iterator[tuple[str, Measured]]:
    study = group(alike_with([subject.facts], runs))
    for configuration in study.configurations:  # one, or none of a run that counts for nothing
        for score in subject.scores:
            found = measure(configuration, Field("metric", score.name))
            if len(found.values) > 1:
                yield score.name, found


def _reproductions(
    subject: Subject, runs: Sequence[Facts]
) -> Iterator[tuple[str, ReproductionRecord]]:
    for facts in runs:
        if (facts.parent or {}).get("relation") == "reproduction":
            with suppress(RunError):  # it has not come to an end, or is broken
                record = ReproductionRecord.read(RunPaths(facts.row.path).reproduction)
                if record.uuid == subject.row.uuid:
                    yield facts.row.name, record
