"""Compare runs that trained nothing: what they measured is all that there is."""

from stride.runs.files.jsonl import scan
from stride.runs.layout import RunPaths
from stride.runs.records.results import ResultsRecord


def only_measured(*runs: RunPaths) -> bool:
    """Tell whether all runs ended without a step, and each has numbers to compare.

    Raises:
        RunError: the results of one are broken.
    """
    return all(paths.results.exists() and _only_measured(paths) for paths in runs)


def _only_measured(paths: RunPaths) -> bool:
    results = ResultsRecord.read(paths.results)
    measured = bool(results.test.model_extra) or any(True for _ in scan(paths.metrics))
    return results.last.step == 0 and measured
