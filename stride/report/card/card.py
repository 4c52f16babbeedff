"""Write a model card: Markdown under metadata in YAML.

The sections follow Mitchell et al., Model Cards for Model Reporting, FAT* 2019 (arXiv 1810.03993),
in the order of the template of the Hugging Face Hub. What no run can tell is left to its author.
"""

from collections.abc import Iterator
from pathlib import Path

from stride.errors import UserError
from stride.report.card.details import beginning, details, head
from stride.report.card.evaluation import curve, results, seeds
from stride.report.card.front_matter import front_matter
from stride.report.card.neighbours import neighbours
from stride.report.card.proof import limits, proven, provenance
from stride.report.card.subject import Subject
from stride.report.card.training import data, procedure, spent
from stride.runs.files.atomic import atomic_create
from stride.runs.files.output_file import output_file
from stride.visible import quoted


def card(path: Path) -> str:
    """Return the model card of a run.

    Args:
        path: the run folder.

    Raises:
        RunError: a record of the run is broken, or it has no config as yet.
    """
    return "\n\n".join(filter(None, _blocks(Subject(path)))) + "\n"


def write_card(text: str, path: Path) -> None:
    """Put a card into a new file: in one that is there may stand what its author wrote.

    Raises:
        UserError: the file is there, is a folder, or has none.
        StrideError: it cannot be written.
    """
    output_file(path, "card.md")
    try:
        atomic_create(path, text)
    except FileExistsError:
        hint = f"type another name, or: rm {quoted(path)}"
        raise UserError("it is there already", where=str(path), hint=hint) from None


def _blocks(subject: Subject) -> Iterator[str]:
    around = neighbours(subject)
    yield front_matter(subject)
    yield from head(subject)
    yield from details(subject)
    yield from beginning(subject)
    yield from data(subject)
    yield from procedure(subject)
    yield from spent(subject)
    yield from results(subject)
    yield from seeds(around.over_seeds)
    yield from curve(subject)
    yield from limits()
    yield from provenance(subject)
    yield from proven(subject, around.reproductions)
