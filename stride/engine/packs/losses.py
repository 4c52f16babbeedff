"""The losses of all members, of which the gradients are taken, and what each member reports."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import CrossEntropyLoss, Module, functional

from stride.engine.packs.softmax import log_softmax, log_softmax_gradient
from stride.models.losses import Size
from stride.models.model import Model
from stride.models.steps.step import NO_VALUES, Step, new_step
from stride.models.targets import CLASSES, class_indices, match_shape


class Criterion(ABC):
    """The criterion of all members."""

    @abstractmethod
    def gradient(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, list[Step]]:
        """Return the gradient of outputs (members, N, ...), and the steps that members report.

        Args:
            outputs: of all members.
            targets: likewise, (members, N, ...).
        """


class StackedClasses(Criterion):
    """Mean cross entropy of labels.

    The means are summed in torch's own order, which a stack does not have; a gradient needs no sum.
    """

    def __init__(self, criterion: CrossEntropyLoss) -> None:
        self._ignored = criterion.ignore_index

    def gradient(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, list[Step]]:
        """Return gradient and steps."""
        rows = outputs.flatten(0, 1)
        labels = class_indices(rows, targets.flatten(0, 1)).view(outputs.shape[:2])
        counted = labels != self._ignored
        sizes = counted.sum(1)
        logs = log_softmax(rows)
        pairs = zip(logs.view_as(outputs).unbind(), labels.unbind(), strict=True)
        means = [functional.nll_loss(*pair, ignore_index=self._ignored) for pair in pairs]
        shares = torch.where(counted, -1 / sizes.unsqueeze(1), 0.0)
        places = labels.where(counted, 0)
        of_logs = torch.zeros_like(logs).scatter_(1, places.view(-1, 1), shares.view(-1, 1))
        gradient = log_softmax_gradient(of_logs, logs).view_as(outputs)
        shown = torch.where(counted, labels, -1) if self._ignored >= 0 else labels
        return gradient, _steps(means, sizes.unbind(), outputs, shown)


class StackedPointwise(Criterion):
    """A mean over all elements, as that of squared or absolute errors."""

    def __init__(self, function: Any) -> None:
        self._function = function

    def gradient(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, list[Step]]:
        """Return gradient and steps."""
        targets = match_shape(outputs, targets)
        leaf = outputs.detach().requires_grad_()
        with torch.enable_grad():
            means = self._function(leaf, targets, reduction="none").flatten(1).mean(1)
        sizes = [outputs[0].numel()] * len(outputs)
        return _derived(means, leaf), _steps(means.detach().unbind(), sizes, outputs, targets)


class EachCriterion(Criterion):
    """Any criterion, member by member."""

    def __init__(self, models: Sequence[Model]) -> None:
        self._models = models

    def gradient(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, list[Step]]:
        """Return gradient and steps."""
        leaf = outputs.detach().requires_grad_()
        with torch.enable_grad():
            rows = zip(self._models, leaf.unbind(), targets.unbind(), strict=True)
            steps = [_own_step(*row) for row in rows]
            losses = torch.stack([step.loss for step in steps])
        detached = [step._replace(loss=step.loss.detach()) for step in steps]
        return _derived(losses, leaf), detached


def _derived(losses: Tensor, outputs: Tensor) -> Tensor:
    """Return the gradient of the sum of losses, one a member."""
    (gradient,) = torch.autograd.grad(losses, outputs, torch.ones_like(losses))
    return gradient


def _own_step(model: Model, outputs: Tensor, targets: Tensor) -> Step:
    fit = class_indices if isinstance(model.criterion, CLASSES) else match_shape
    return model.make_step(outputs, fit(outputs, targets), outputs)


def _steps(
    losses: Sequence[Tensor], sizes: Sequence[Size], outputs: Tensor, targets: Tensor
) -> list[Step]:
    rows = zip(losses, sizes, outputs.unbind(), targets.unbind(), strict=True)
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
