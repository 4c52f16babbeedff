"""The losses of all members, of which the gradients are taken, and what each member reports."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import CrossEntropyLoss, Module, functional

from stride.models.losses import Size
from stride.models.model import Model
from stride.models.steps.step import NO_VALUES, Step, new_step
from stride.models.targets import CLASSES, class_indices, match_shape

Losses = tuple[Tensor, list[Step]]
"""One loss a member, with their graph; and the steps that the members report, without it."""


class Criterion(ABC):
    """The criterion of all members."""

    @abstractmethod
    def losses(self, outputs: Tensor, targets: Tensor) -> Losses:
        """Return the losses of outputs (members, N, ...) and targets (members, N, ...)."""


class StackedClasses(Criterion):
    """Mean cross entropy of labels.

    The mean that a member reports is summed in torch's own order, which a stack does not have;
    its gradient needs no sum.
    """

    def __init__(self, criterion: CrossEntropyLoss) -> None:
        self._ignored = criterion.ignore_index

    def losses(self, outputs: Tensor, targets: Tensor) -> Losses:
        """Return the losses."""
        labels = class_indices(outputs.flatten(0, 1), targets.flatten(0, 1))
        logs = torch.log_softmax(outputs, 2)
        one_by_one = functional.nll_loss(
            logs.flatten(0, 1), labels, ignore_index=self._ignored, reduction="none"
        )
        labels = labels.view(outputs.shape[:2])
        counted = labels != self._ignored
        sizes = counted.sum(1)
        sums = one_by_one.view_as(labels).sum(1)
        reported = self._reported(logs.detach(), labels)
        shown = torch.where(counted, labels, -1) if self._ignored >= 0 else labels
        return sums / sizes, _steps(reported, sizes.unbind(), outputs, shown)

    def _reported(self, logs: Tensor, labels: Tensor) -> list[Tensor]:
        pairs = zip(logs.unbind(), labels.unbind(), strict=True)
        return [functional.nll_loss(*pair, ignore_index=self._ignored) for pair in pairs]


class StackedPointwise(Criterion):
    """A mean over all elements, as that of squared or absolute errors."""

    def __init__(self, function: Any) -> None:
        self._function = function

    def losses(self, outputs: Tensor, targets: Tensor) -> Losses:
        """Return the losses."""
        targets = match_shape(outputs, targets)
        means = self._function(outputs, targets, reduction="none").flatten(1).mean(1)
        sizes = [outputs[0].numel()] * len(outputs)
        return means, _steps(means.detach().unbind(), sizes, outputs, targets)


class EachCriterion(Criterion):
    """Any criterion, member by member."""

    def __init__(self, models: Sequence[Model]) -> None:
        self._models = models

    def losses(self, outputs: Tensor, targets: Tensor) -> Losses:
        """Return the losses."""
        rows = zip(self._models, outputs.unbind(), targets.unbind(), strict=True)
        steps = [_own_step(*row) for row in rows]
        detached = [step._replace(loss=step.loss.detach()) for step in steps]
        return torch.stack([step.loss for step in steps]), detached


def _own_step(model: Model, outputs: Tensor, targets: Tensor) -> Step:
    fit = class_indices if isinstance(model.criterion, CLASSES) else match_shape
    return model.make_step(outputs, fit(outputs, targets), outputs)


def _steps(
    losses: Sequence[Tensor], sizes: Sequence[Size], outputs: Tensor, targets: Tensor
) -> list[Step]:
    rows = zip(losses, sizes, outputs.detach().unbind(), targets.unbind(), strict=True)
    return [new_step(Step, (*row, NO_VALUES, "")) for row in rows]


POINTWISE: Mapping[type[Module], Any] = {
    torch.nn.MSELoss: functional.mse_loss,
    torch.nn.L1Loss: functional.l1_loss,
}
"""The functions of the criteria that are means over all elements."""


def pack_criterion(models: Sequence[Model], *, alone: bool) -> Criterion:
    """Return the criterion of models that have the same; `alone`: member by member."""
    criterion = models[0].criterion
    if alone:
        return EachCriterion(models)
    if isinstance(criterion, CrossEntropyLoss):
        return StackedClasses(criterion)
    return StackedPointwise(POINTWISE[type(criterion)])
