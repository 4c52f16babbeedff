"""Train several networks on the same batches, each by its own loss, and let their mean answer."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from stride.active.outputs import as_tensor, stacked
from stride.models.model import Model, Step, batch_size, split_batch

if TYPE_CHECKING:
    from stride.active.candidates import Candidates


class Committee(Model):
    """The steps of a network with several members, whose `forward(inputs, each=True)` lists them.

    The loss of a training step reads as the mean of the members' losses, and its gradients are
    those of their sum: so each member is trained as it would be alone, to the bit where it draws
    no random numbers. What looks at all gradients at once, as `clip_grad_norm`, sees those of all
    members together, and a criterion with parameters of its own is moved by all of them. Metrics,
    evaluation and `predict` see the members' mean, whose loss is another than the mean loss.
    """

    network: "Candidates"

    def training_step(self, batch: Any) -> Step:
        """Return the members' losses as one, and the mean of their outputs."""
        inputs, targets = split_batch(batch)
        members = self.forward(inputs, each=True)
        fitted = [targets if self._align is None else self._align(one, targets) for one in members]
        losses = [self.criterion(one, aim) for one, aim in zip(members, fitted, strict=True)]
        total = torch.stack(losses).sum()
        held = total.detach()
        outputs = self.network.joined([as_tensor(one).detach() for one in members])
        return Step(total + (held / len(losses) - held), batch_size(inputs), outputs, fitted[0])

    def evaluation_step(self, batch: Any) -> Step | Tensor:
        """Return the criterion's loss of the mean, which is what answers."""
        return super().training_step(batch)


def mean_outputs(members: Sequence[Tensor]) -> Tensor:
    """Return the mean of the members' numbers, or of their probabilities."""
    return stacked(members).mean(0)


def mean_classes(members: Sequence[Tensor]) -> Tensor:
    """Return logits whose softmax is the mean of the members' softmax: the logarithm of that."""
    logits = _wide(stacked(members))
    return logits.log_softmax(2).logsumexp(0) - math.log(len(logits))


def mean_labels(members: Sequence[Tensor]) -> Tensor:
    """Return logits whose sigmoid is the mean of the members' sigmoid."""
    logits = _wide(stacked(members))
    of_one, of_zero = (nn.functional.logsigmoid(some).logsumexp(0) for some in (logits, -logits))
    return of_one - of_zero


# The place of each is written into weights: new ones come at the end.
MEANS = (mean_outputs, mean_classes, mean_labels)


def mean_for(criterion: nn.Module) -> int:
    """Return the place in MEANS of what suits outputs that are trained by this criterion.

    Those of a criterion that is not torch's are averaged as they are: of logits too this is a
    mean, the geometric one of the probabilities.
    """
    if isinstance(criterion, (nn.CrossEntropyLoss, nn.NLLLoss)):
        return MEANS.index(mean_classes)
    if isinstance(criterion, (nn.BCEWithLogitsLoss, nn.MultiLabelSoftMarginLoss)):
        return MEANS.index(mean_labels)
    return MEANS.index(mean_outputs)


def _wide(logits: Tensor) -> Tensor:
    return logits.to(torch.promote_types(logits.dtype, torch.float32))
