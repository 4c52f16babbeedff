"""Metrics of class scores: accuracy, top5_accuracy, error, f1, auc."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from stride.errors import DataError
from stride.metrics.base import KEY, Metric, Sums, exact_type, outputs_and_targets
from stride.models.steps.step import Step


class Accuracy(Sums):
    """The share of right answers among all samples, or among all positions of all samples.

    Args:
        k: an answer is right where the class is among the k with the highest scores.
        average: "micro" over all answers; "macro" over the classes that occur as targets, of the
            share within each (balanced accuracy).
    """

    def __init__(self, k: int = 1, average: Literal["micro", "macro"] = "micro") -> None:
        super().__init__()
        if k < 1:
            raise ValueError(f"k must be at least 1, not {k}")
        self._k = k
        self._average = average

    def terms(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return (number right, number counted), each by class where classes are averaged."""
        right, classes = self._right(outputs, targets)
        if self._average == "macro":
            both = [_by_class(flags, classes, outputs) for flags in (right, classes >= 0)]
            return _only_of_classes(torch.stack(both).to(exact_type(outputs)), targets)
        counts = torch.stack([right.sum(), (classes >= 0).sum()]).to(exact_type(outputs))
        return _only_of_classes(counts, targets)

    def _right(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Return which answers are right, and the classes; one that is negative is never right."""
        if self._k == 1:
            predicted, classes = predictions(outputs, targets)
            return predicted == classes, classes
        if outputs.ndim < 2 or targets.is_floating_point():
            raise _misfit(outputs, targets)
        classes = _indices(outputs, targets)
        best = outputs.topk(min(self._k, outputs.shape[1]), dim=1).indices
        return (best == classes.unsqueeze(1)).any(dim=1), classes

    def value(self, sums: Any) -> float:
        """Return right / counted, or its mean over the classes."""
        macro = self._average == "macro"
        rights, counts = sums if macro else ([number] for number in sums)
        _require_classes([*rights, *counts])
        shares = [self.share(r, n) for r, n in zip(rights, counts, strict=True) if n]
        return math.fsum(shares) / len(shares) if shares else math.nan

    def share(self, right: float, counted: float) -> float:
        """Return what so many right answers of so many count."""
        return right / counted


class Error(Accuracy):
    """The share of wrong answers: 1 - accuracy, with its arguments."""

    def share(self, right: float, counted: float) -> float:
        """Return the share of those that are wrong."""
        return (counted - right) / counted


class Top5Accuracy(Accuracy):
    """The share of samples whose class is among the five with the highest scores.

    Args:
        average: as of accuracy.
    """

    def __init__(self, average: Literal["micro", "macro"] = "micro") -> None:
        super().__init__(5, average)


class F1(Sums):
    """The classes' F1 = 2 tp / (2 tp + fp + fn).

    Args:
        average: "macro", the mean over the classes that occur as prediction or target; "weighted"
            by how often a class is a target; "micro", of the counts of all classes together;
            "none", each class by its number, NaN where it does not occur.
    """

    def __init__(self, average: Literal["macro", "weighted", "micro", "none"] = "macro") -> None:
        super().__init__()
        self._average = average

    def terms(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return per class the number of right predictions, predictions and targets: (3, C)."""
        predicted, classes = predictions(outputs, targets)
        counted = classes >= 0
        counts = [
            _by_class(predicted == classes, classes, outputs),
            _by_class(counted, predicted, outputs),
            _by_class(counted, classes, outputs),
        ]
        return _only_of_classes(torch.stack(counts).to(exact_type(outputs)), targets)

    def value(self, sums: Any) -> float | dict[str, float]:
        """Return the mean over the classes, or the score of each."""
        _require_classes(sums[0])
        if self._average == "micro":
            return _f1(*map(math.fsum, sums))
        counts = [*zip(*sums, strict=True)]
        if self._average == "none":
            return {str(number): _f1(*three) for number, three in enumerate(counts)}
        occurring = [three for three in counts if three[1] + three[2]]
        weights = [three[2] if self._average == "weighted" else 1.0 for three in occurring]
        scores = (w * _f1(*three) for w, three in zip(weights, occurring, strict=True))
        return math.fsum(scores) / math.fsum(weights) if any(weights) else math.nan


def _f1(right: float, predicted: float, occurred: float) -> float:
    return 2 * right / (predicted + occurred) if predicted + occurred else math.nan


def _by_class(flags: Tensor, classes: Tensor, outputs: Tensor) -> Tensor:
    """Return how many flags are set for each class (C,); where a class is negative, none is."""
    several = outputs.ndim > classes.ndim and outputs.shape[1] > 1
    counts = torch.zeros(
        outputs.shape[1] if several else 2, dtype=torch.int64, device=outputs.device
    )
    # Sums of integers are exact in any order; bincount would wait for the device.
    counted = (flags & (classes >= 0)).reshape(-1).long()
    return counts.index_add_(0, classes.reshape(-1).clamp(min=0), counted)


class AUC(Metric):
    """The area under the ROC curve of two classes, exact: by the ranks of all scores.

    It is the probability that a sample of class 1 has a higher score than one of class 0, equal
    scores counted half (Mann and Whitney, 1947): (R - n1 (n1 + 1) / 2) / (n0 n1), with R the sum
    of the ranks of class 1, equal scores sharing their mean rank. All scores are kept until the
    end, 16 bytes a sample.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Reset the scores."""
        self._scores: list[Tensor] = []
        self._targets: list[Tensor] = []

    def update(self, step: Step) -> None:
        """Keep a copy of the scores and targets."""
        outputs, targets = outputs_and_targets(step)
        exact = outputs.to(exact_type(outputs), copy=True)
        if exact.ndim == 2 and exact.shape[1] == 2 and _has_classes(outputs, targets):
            exact = exact[:, 1] - exact[:, 0]
        if exact.numel() != targets.numel() or exact.numel() != exact.shape[0]:
            raise DataError(
                f"auc wants one or two scores a sample, not outputs of shape "
                f"{tuple(outputs.shape)} for targets of shape {tuple(targets.shape)}",
                where=KEY,
                hint="accuracy and f1 take any number of classes",
            )
        self._scores.append(exact.reshape(-1))
        self._targets.append(targets.reshape(-1))

    def compute(self) -> float:
        """Return the area; NaN where a class does not occur or a score is NaN.

        Raises:
            DataError: when there are other targets than 0 and 1.
        """
        if not self._scores:
            return math.nan
        scores, targets = torch.cat(self._scores), torch.cat(self._targets)
        if not bool(((targets == 0) | (targets == 1) | (targets < 0)).all()):
            raise DataError(
                f"auc is for two classes, 0 and 1, and there is the target {targets.max():g}",
                where=KEY,
                hint="accuracy and f1 take any number of classes, torchmetrics' MulticlassAUROC "
                "too",
            )
        return area_under_roc(scores, targets)

    def state_dict(self) -> dict[str, Any]:
        """Return all scores and targets."""
        keep = {"scores": self._scores, "targets": self._targets}
        return {k: torch.cat(v).tolist() if v else [] for k, v in keep.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore these scores and targets."""
        self.reset()
        if state["scores"]:
            self._scores = [torch.tensor(state["scores"], dtype=torch.float64)]
            self._targets = [torch.tensor(state["targets"])]

    def merge(self, states: Sequence[Mapping[str, Any]]) -> None:
        """Concatenate the scores and targets of all ranks."""
        whole = {key: [x for state in states for x in state[key]] for key in ("scores", "targets")}
        self.load_state_dict(whole)


def area_under_roc(scores: Tensor, targets: Tensor) -> float:
    """Return the exact area for scores (N,) and targets (N,) of 0, 1 or negative (left out)."""
    scores, targets = scores.cpu().double(), targets.cpu()
    scores, positive = scores[targets >= 0], targets[targets >= 0] == 1
    ones = int(positive.sum())
    zeros = len(scores) - ones
    if not ones or not zeros or bool(scores.isnan().any()):
        return math.nan
    _, inverse, counts = torch.unique(scores, return_inverse=True, return_counts=True)
    ranks = counts.cumsum(0) - (counts - 1) / 2
    rank_sum = float(ranks.double()[inverse][positive].sum())
    return (rank_sum - ones * (ones + 1) / 2) / (ones * zeros)


def predictions(outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return predicted and true class indices, of one shape.

    Raises:
        DataError: when outputs are neither scores of classes nor one score per target.
    """
    if _has_classes(outputs, targets):
        return outputs.argmax(dim=1), _indices(outputs, targets)
    numbers = targets.is_floating_point() and targets.numel() != targets.shape[0]
    if outputs.numel() != targets.numel() or numbers:
        raise _misfit(outputs, targets)
    return (outputs > 0).long().reshape(targets.shape), targets.long()


def _has_classes(outputs: Tensor, targets: Tensor) -> bool:
    """Tell whether outputs are (N, C, ...), rather than one score above or below zero."""
    single = outputs.ndim < 2 or outputs.shape[1] == 1
    return not single and (outputs.ndim == targets.ndim + 1 or outputs.numel() != targets.numel())


def _indices(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return targets (N, ...) or (N, 1, ...) of outputs (N, C, ...) as int64 (N, ...)."""
    wanted = outputs.shape[:1] + outputs.shape[2:]
    if targets.is_floating_point() or targets.numel() != wanted.numel():
        raise _misfit(outputs, targets)
    return targets.reshape(wanted).long()


def _only_of_classes(counts: Tensor, targets: Tensor) -> Tensor:
    """Return counts as they are, and as NaN where some targets are not whole numbers.

    So no update has to wait for the device, and the value says it.
    """
    if not targets.is_floating_point():
        return counts
    return torch.where((targets == targets.floor()).all(), counts, torch.nan)


def _require_classes(counts: Sequence[float]) -> None:
    if any(math.isnan(count) for count in counts):
        raise DataError(
            "the metric is for classes, and the targets are numbers with decimals",
            where=KEY,
            hint="for numbers there are mse, rmse, mae and r2",
        )


def _misfit(outputs: Tensor, targets: Tensor) -> DataError:
    return DataError(
        f"targets of shape {tuple(targets.shape)} ({targets.dtype}) are not classes for outputs "
        f"of shape {tuple(outputs.shape)}",
        where=KEY,
        hint="classes are integers of shape (N, ...) for outputs (N, C, ...); "
        "for numbers there are mse, rmse, mae and r2",
    )


METRICS: dict[str, type[Metric]] = {
    "accuracy": Accuracy,
    "top5_accuracy": Top5Accuracy,
    "error": Error,
    "f1": F1,
    "auc": AUC,
}
