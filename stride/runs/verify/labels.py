"""Check what a run asks a person, and what the person said, without the data they speak of."""

from collections import deque

from stride.runs.files.jsonl import scan
from stride.runs.labels.labels_jsonl import read_labels, read_query
from stride.runs.layout import RunPaths
from stride.runs.verify.report import Report


def check_labels(report: Report, paths: RunPaths) -> None:
    """Check that the query can be read, and that each label is one and contradicts no other.

    Whether it is a class only the data can tell: `stride label` does.
    """
    with report.checking(paths.queries):
        query = read_query(paths)
        if query is None and paths.labels.exists():
            report.problem(paths.queries, "it is missing, and there are labels")
        with report.checking(paths.labels):
            torn = "its last line is torn; the next label cuts it off"
            deque(scan(paths.labels, on_torn=lambda _: report.note(paths.labels, torn)), maxlen=0)
            read_labels(paths)
