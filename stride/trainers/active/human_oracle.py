"""Have a person give the labels: by files of the run, while nothing runs."""

from dataclasses import replace

import torch
from torch import Tensor

from stride.active.labels.oracle import relabel, targets_of
from stride.active.strategies.query import Query
from stride.data.build import make_batches
from stride.data.data_info import DataInfo
from stride.data.datasets import find_transform
from stride.data.samples import Source
from stride.engine.state import shard_batches
from stride.errors import RunError
from stride.runs.labels.labels_jsonl import missing_labels, read_labels, take_labels
from stride.runs.labels.query_csv import query_text, read_query
from stride.runs.layout import RunPaths
from stride.trainer.fit.open_sections import values_of
from stride.trainer.fit.run_recorder import RunRecorder
from stride.trainer.fit.session import Session
from stride.visible import quoted


class HumanOracle:
    """Ask a person for labels, and put those that were given into the data.

    Args:
        source: the pool and the labelled samples, with the targets that the dataset has.
    """

    def __init__(self, source: Source) -> None:
        self._source = source

    def request(self, paths: RunPaths, number: int) -> Query | None:
        """Return the query that a round begins with, if it was made already."""
        rows = [one for one in read_query(paths) or [] if one.round == number]
        if not rows:
            return None
        scores = [torch.nan if one.score is None else one.score for one in rows]
        ids = torch.tensor([one.id for one in rows], dtype=torch.int64)
        return Query(ids, torch.tensor(scores, dtype=torch.float64))

    def ask(self, run: RunRecorder, number: int, query: Query) -> None:
        """Write down what a round is to begin with, once the labels given before are safe."""
        if run.paths.queries.exists():
            take_labels(run.paths)
        run.commit(run.paths.queries, query_text(number, query.ids.tolist(), query.scores.tolist()))

    def label(self, session: Session, paths: RunPaths, ids: Tensor) -> Source:
        """Give the training the labels of its samples; return the data with them."""
        assembly, known = session.assembly, read_labels(paths)
        data, config = assembly.data, assembly.config
        given = {one: known[one] for one in ids.tolist() if one in known}
        info = data.info
        values = targets_of(given, info.classes, info.num_classes, kind=info.target_kind)
        source = relabel(self._source, dict(zip(given, values, strict=True)))
        loader = make_batches(
            "train",
            source,
            values_of(config.load_data_kwargs),
            seed=config.seed,
            device=assembly.device,
            normalization=data.normalization,
            transform=find_transform(config.dataset_kwargs.transform),
        )
        loader.limit(config.training_config.limit_train_batches)
        assembly.data = replace(data, train_loader=loader)
        session.batches = shard_batches(loader)
        return source


def unknown(targets: Tensor) -> Tensor:
    """Tell of each target whether it is unknown: below 0 for a class, NaN for a number."""
    rows = targets.reshape(len(targets), -1)
    return (rows.isnan() if rows.is_floating_point() else rows < 0).any(1)


def require_labels(paths: RunPaths, info: DataInfo) -> None:
    """Refuse to go on with a run whose query has no labels yet, or labels that mean nothing.

    Raises:
        RunError: tells how many are missing, and what to type.
        DataError: a label is neither a class nor a number.
    """
    targets_of(read_labels(paths), info.classes, info.num_classes, kind=info.target_kind)
    missing = missing_labels(paths)
    if missing:
        raise RunError(wanted(len(missing)), where=str(paths.path), hint=hint(paths))


def wanted(count: int) -> str:
    """Return the words for labels that are missing."""
    return f"{count} label{'s are' if count > 1 else ' is'} wanted of a person"


def hint(paths: RunPaths) -> str:
    """Return what to type for them."""
    return f"type: stride label {quoted(paths.path)}"
