"""Record what the final model makes of each split, and its telling samples."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from stride.config.metrics import metric_name
from stride.log import LOGGER
from stride.models.weights import clone_state, read_weights
from stride.runs.records.reconstruction import (
    SCORE,
    ErrorSummary,
    LeakChecks,
    ReconstructionRecord,
    SplitReconstruction,
)
from stride.trainer.fit.session import Session
from stride.trainers.reconstruction.checks import labels_move_scores, output_kind
from stride.trainers.reconstruction.detection import Detection
from stride.trainers.reconstruction.examples import (
    choose_examples,
    example_tensors,
    examples_bytes,
)
from stride.trainers.reconstruction.record import errors_bytes
from stride.trainers.reconstruction.scoring import Scorer, Scores
from stride.trainers.reconstruction.splits import MeasuredSplit

_SHARES = (0, 0.25, 0.5, 0.75, 0.95, 0.99, 1)
_ADJUSTED = "point_adjusted"


class Conclusion:
    """What is written of the final model: the one that weights.safetensors holds.

    Args:
        session: whose training has come to its end.
        splits: that are measured.
        scorer: scores their samples.
        milestones: the epochs that were kept.
    """

    def __init__(
        self,
        session: Session,
        splits: Sequence[MeasuredSplit],
        scorer: Scorer,
        milestones: Sequence[int],
    ) -> None:
        self._session, self._splits, self._scorer = session, splits, scorer
        paths = session.run.paths
        self._milestones = [epoch for epoch in milestones if paths.milestone(epoch).exists()]

    def write(self) -> dict[str, float]:
        """Write all files; return what the test split came to, under the names of metrics."""
        run = self._session.run
        with self._final_model():
            scores = {split.key: self._scores(split) for split in self._splits}
            detection = Detection(self._splits, scores, self._session.assembly.config.seed)
            record = self._record(scores, detection)
            examples = self._examples(record)
        run.commit(run.paths.final_errors, errors_bytes(scores, self._labelled(detection)))
        run.commit(run.paths.examples, examples_bytes(examples))
        run.commit(run.paths.reconstruction, record.to_json())
        return tested(record)

    @contextmanager
    def _final_model(self) -> Iterator[None]:
        """Have the final weights in the model in the block; those of the last step after it."""
        model = self._session.assembly.model
        last = clone_state(model.state_dict())
        self._session.callbacks.best.restore(model)
        try:
            yield
        finally:
            model.load_state_dict(last)

    def _scores(self, split: MeasuredSplit) -> Scores:
        with self._session.drawing(split.name):
            return self._scorer.of(split.inputs(), points=True)

    def _labelled(self, detection: Detection) -> dict[str, Tensor]:
        """Return which samples are anomalous, and the ROC curves of samples and points."""
        found: dict[str, Tensor] = {}
        for split in self._splits:
            if split.anomalous is not None:
                found[f"{split.key}/anomalous"] = split.anomalous
            for unit, curve in detection.curves(split).items():
                found[f"{split.key}/roc/{unit}"] = curve
        return found

    def _record(self, scores: Mapping[str, Scores], detection: Detection) -> ReconstructionRecord:
        config = self._session.assembly.config
        own = config.reconstruction_config
        return ReconstructionRecord(
            epoch=self._epoch(),
            history=own.history,
            score=self._scorer.score,
            point_score=own.point_score,
            splits={
                split.key: SplitReconstruction(
                    samples=len(split.source),
                    labelled=split.labels is not None,
                    errors=_summaries(scores[split.key]),
                    detection=detection.of(split),
                    examples=choose_examples(scores[split.key].samples, own.examples),
                )
                for split in self._splits
            },
            milestones=self._milestones,
            checks=self._checks(scores),
        )

    def _epoch(self) -> int:
        """Return after which epoch the final weights stood."""
        session = self._session
        keeps = session.assembly.config.checkpoint_config.keep_best > 0
        best = session.callbacks.best.best
        return best.epoch if keeps and best.value is not None else session.state.epoch

    def _checks(self, scores: Mapping[str, Scores]) -> LeakChecks:
        last = self._splits[-1]  # the test split, where there is one
        moved = labels_move_scores(self._session, last, self._scorer, scores[last.key])
        first = next(last.inputs())
        with self._session.drawing(last.name):
            output = output_kind(first.cpu(), self._scorer.outputs([first]))
        if moved:
            LOGGER.warning("scores of the split %s change with the labels of its samples", last.key)
        if output != "varied" and self._session.assembly.model.learns:
            alike = "near zero" if output == "zero" else "the same for every sample"
            LOGGER.warning("the outputs of the network are %s: its errors say nothing of it", alike)
        return LeakChecks(labels_moved_scores=moved, output=output)

    def _examples(self, record: ReconstructionRecord) -> dict[str, Tensor]:
        """Return all tensors of examples.safetensors."""
        tensors: dict[str, Tensor] = {}
        for split in self._splits:
            tensors |= example_tensors(split, record.splits[split.key].examples)
        tensors |= self._outputs(tensors, "final")
        model, paths = self._session.assembly.model, self._session.run.paths
        final = clone_state(model.state_dict())
        for epoch in self._milestones:
            model.load_state_dict(final | read_weights(paths.milestone(epoch)))
            tensors |= self._outputs(tensors, str(epoch))
        model.load_state_dict(final)
        return tensors

    def _outputs(self, tensors: Mapping[str, Tensor], when: str) -> dict[str, Tensor]:
        device, found = self._session.assembly.device, {}
        for split in self._splits:
            inputs = tensors[f"{split.key}/inputs"].to(device)
            with self._session.drawing(split.name):
                found[f"{split.key}/outputs/{when}"] = self._scorer.outputs([inputs])
        return found


def _summaries(scores: Scores) -> dict[str, ErrorSummary]:
    """Return how each error is distributed over the samples."""
    shares = torch.tensor(_SHARES, dtype=torch.float64)
    found = {}
    for name, values in scores.errors.items():
        exact = values.double()
        cuts = zip(_SHARES, exact.quantile(shares).tolist(), strict=True)
        quantiles = {f"{share:g}": cut for share, cut in cuts}
        deviation = exact.std(correction=0).item()
        found[name] = ErrorSummary(
            mean=exact.mean().item(), deviation=deviation, quantiles=quantiles
        )
    return found


def tested(record: ReconstructionRecord) -> dict[str, float]:
    """Return the numbers of the test split as metrics; nothing where none was tested.

    What is not defined is left out, and so is a point-adjusted F1: without that of random alarms
    beside it, it misleads.
    """
    split = record.splits.get("test")
    if split is None:
        return {}
    found = {name: one.mean for name, one in split.errors.items()}
    for one in reversed(split.detection):
        measures = one.measures(SCORE).items()
        found |= {name: value for name, value in measures if _ADJUSTED not in name}
    return {metric_name("test", name): value for name, value in found.items() if value == value}
