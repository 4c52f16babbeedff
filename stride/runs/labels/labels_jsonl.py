"""Keep the labels that people give: none is lost, whatever moment a process is killed at.

`queries.csv` says whose labels are wanted and may be filled in by other programs. `labels.jsonl`
grows by one line for each label given; the newest line of a sample counts, and one without a
label takes back what was given before.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from stride.errors import RunError
from stride.runs.files.atomic import own_copy
from stride.runs.files.durable import os_errors_as
from stride.runs.files.jsonl import LineFile, read_lines
from stride.runs.files.lock import locked
from stride.runs.labels.query_csv import (
    Label,
    LabelRequest,
    as_label,
    number_in,
    query_text,
    read_query,
)
from stride.runs.layout import RunPaths
from stride.visible import quoted

__all__ = [
    "Label",
    "LabelRequest",
    "add_labels",
    "as_label",
    "missing_labels",
    "number_in",
    "query_text",
    "read_labels",
    "read_query",
    "require_query",
    "take_labels",
    "withdraw_label",
]

_KINDS = (int, float, str, type(None))  # by their exact types: a truth value is not a label


def read_labels(paths: RunPaths) -> dict[int, Label]:
    """Return all labels ever given, by sample: of labels.jsonl and of queries.csv's cells.

    Raises:
        RunError: a file is broken, or the two say different things of a sample; names both.
    """
    given, query = _given(paths), read_query(paths) or []
    for asked in query:
        if asked.label is not None and asked.id in given:
            _require_same(paths, asked, given[asked.id])
    return given | {asked.id: asked.label for asked in query if asked.label is not None}


def take_labels(paths: RunPaths) -> dict[int, Label]:
    """Copy the cells filled in in queries.csv to labels.jsonl; return what `read_labels` does.

    To be called before another query takes the file's place.

    Raises:
        RunError: as `read_labels`.
        StrideError: the labels cannot be written, naming the file.
    """
    with _locked(paths):
        labels, given = read_labels(paths), _given(paths)
        cells = [asked for asked in read_query(paths) or [] if asked.label is not None]
        new = [asked for asked in cells if asked.id not in given]
        _append(paths, {asked.id: asked.label for asked in new}, new, paths.queries.name)
    return labels


def require_query(paths: RunPaths) -> list[LabelRequest]:
    """Return the newest query of a run that asks for labels.

    Raises:
        RunError: it never asked for any, or queries.csv is broken.
    """
    query = read_query(paths)
    if query:
        return query
    hint = "with trainer=active and active_config.oracle=person a run asks a person"
    raise RunError(f"run {paths.name} has asked for no labels", where=str(paths.path), hint=hint)


def missing_labels(paths: RunPaths) -> list[int]:
    """Return the samples of the newest query that have no label yet, in its order.

    Raises:
        RunError: as `read_labels`.
    """
    labels = read_labels(paths)
    return [asked.id for asked in read_query(paths) or [] if asked.id not in labels]


def add_labels(paths: RunPaths, labels: Mapping[int, Label], *, by: str) -> None:
    """Add labels to labels.jsonl; they are on the disk when this returns.

    Args:
        paths: of the run.
        labels: by sample. One that has a label already gets a new one.
        by: who gives them.

    Raises:
        RunError: a sample is not asked for, or queries.csv has another label for it.
        StrideError: the labels cannot be written, naming the file.
    """
    _change(paths, labels, by)


def withdraw_label(paths: RunPaths, number: int, *, by: str) -> None:
    """Take back the label of a sample, which is then missing again.

    Raises:
        RunError: the sample is not asked for.
        StrideError: the labels cannot be written, naming the file.
    """
    _change(paths, {number: None}, by)


def _change(paths: RunPaths, labels: Mapping[int, Label | None], by: str) -> None:
    with _locked(paths):
        query = {asked.id: asked for asked in read_query(paths) or []}
        for number, label in labels.items():
            if number not in query:
                hint = f"type: stride label {quoted(paths.path)} --list"
                raise RunError(
                    f"the label of sample {number} is not asked for",
                    where=str(paths.path),
                    hint=hint,
                )
            if type(label) not in _KINDS:
                raise RunError(
                    f"{label!r} is not a label of sample {number}", where=str(paths.path)
                )
            if label is not None:
                _require_same(paths, query[number], label)
        _append(paths, labels, [query[number] for number in labels], by)


def _append(
    paths: RunPaths, labels: Mapping[int, Label | None], query: list[LabelRequest], by: str
) -> None:
    now = time.time()
    rows = [
        {"id": asked.id, "label": labels[asked.id], "round": asked.round, "time": now, "by": by}
        for asked in query
    ]
    if rows:
        own_copy(paths.labels)
        with LineFile(paths.labels) as file:
            file.append(rows)


def _require_same(paths: RunPaths, asked: LabelRequest, label: Label) -> None:
    """Refuse two different labels of one sample."""
    if asked.label is None or _plain(asked.label) == _plain(label):
        return
    raise RunError(
        f"sample {asked.id} is {asked.label!r} in line {asked.line} of {paths.queries.name} "
        f"and {label!r} in {paths.labels.name}",
        where=str(paths.path),
        hint=f"clear the cell in {paths.queries.name}, or fill in the same",
    )


def _plain(label: Label) -> float | str:
    """Return what is equal for 3, 3.0 and "3"."""
    number = number_in(str(label))
    return str(label) if number is None else number


def _given(paths: RunPaths) -> dict[int, Label]:
    """Return the labels of labels.jsonl."""
    newest: dict[int, Label | None] = {}
    for line, row in enumerate(read_lines(paths.labels), 1):
        number, label = row.get("id"), row.get("label")
        if type(number) is not int or type(label) not in _KINDS:
            what = f"line {line} does not hold a label"
            raise RunError(what, where=str(paths.labels), hint="mend the line, or remove it")
        newest[number] = label
    return {number: label for number, label in newest.items() if label is not None}


@contextmanager
def _locked(paths: RunPaths) -> Iterator[None]:
    """Keep others out who give labels at the same time."""
    with os_errors_as("cannot write", paths.path), locked(paths.labels_lock):
        yield
