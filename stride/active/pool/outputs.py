"""Read a network's outputs as class probabilities, by the criterion that it is trained with."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import torch
from torch import Tensor, nn

from stride.errors import ConfigError, DataError
from stride.models.model import Model
from stride.models.targets import LABEL_LOGITS, POINTWISE

KEY = "active_config.strategy"
BLOCK_NUMBERS = 2**16  # of the outputs that are scored together, which fit a core's cache

Probabilities = Callable[[Tensor], Tensor]


def class_probabilities(model: Model | nn.Module) -> Probabilities:
    """Return the function from outputs (n, classes, ...) to probabilities (n, ..., classes).

    Outputs trained by BCEWithLogitsLoss or BCELoss are two classes each, so that (n, labels)
    become (n, labels, 2), and one output (n, 2). All others are logits, or their logarithms, for
    softmax; of a plain module one output is a logit of two classes.

    Raises:
        ConfigError: the criterion is one for numbers.
    """
    criterion = model.criterion if isinstance(model, Model) else nn.Identity()
    if isinstance(criterion, nn.BCELoss):
        return _two_classes
    if isinstance(criterion, LABEL_LOGITS):
        return _two_classes_of_logits
    if isinstance(criterion, POINTWISE):
        raise ConfigError(
            f"{type(criterion).__name__} trains numbers, which are not class probabilities",
            key=KEY,
            where=KEY,
            hint="for numbers choose VarianceSampling, EnsembleVariance, CoreSet or TypiClust",
        )
    return _softmax


def require_one_per_sample(probabilities: Tensor, strategy: str) -> Tensor:
    """Return probabilities (n, classes).

    Raises:
        ConfigError: there are several predictions for a sample, as for the pixels of an image.
    """
    if probabilities.ndim == 2:
        return probabilities
    shape = ", ".join(map(str, probabilities.shape[1:]))
    raise ConfigError(
        f"{strategy} needs one class per sample; the probabilities have the shape (n, {shape})",
        key=KEY,
        where=KEY,
        hint="choose EntropySampling or its like, which are averaged over a sample's predictions",
    )


def as_tensor(outputs: object) -> Tensor:
    """Return a network's outputs, which have to be one tensor with a first dimension of samples.

    Raises:
        DataError: they are something else.
    """
    if isinstance(outputs, Tensor) and outputs.ndim:
        return outputs
    raise DataError(
        f"the network returns a {type(outputs).__name__}, not a tensor of one row per sample",
        where="model_kwargs.model_name",
        hint="let its forward return the logits alone",
    )


def blocks(outputs: Iterator[Tensor]) -> Iterator[Tensor]:
    """Concatenate small batches: one large operation costs as much as a small one."""
    held: list[Tensor] = []
    numbers = 0
    for one in outputs:
        if held and one.shape[1:] != held[0].shape[1:]:
            yield torch.cat(held)
            held, numbers = [], 0
        held.append(one)
        numbers += one.numel()
        if numbers >= BLOCK_NUMBERS:
            yield torch.cat(held)
            held, numbers = [], 0
    if held:
        yield torch.cat(held)


def stack_members(members: Sequence[Tensor]) -> Tensor:
    """Return the members' outputs of a batch as (members, n, ...).

    Raises:
        ConfigError: their shapes differ.
    """
    shapes = {tuple(one.shape[1:]) for one in members}
    if len(shapes) > 1:
        listed = " and ".join(str(shape) for shape in sorted(shapes))
        raise ConfigError(
            f"the models' outputs differ in shape: {listed} per sample",
            key=KEY,
            where=KEY,
            hint="a committee consists of models of the same outputs",
        )
    return torch.stack(list(members))


def concat_rows(batches: Iterable[tuple[Tensor, ...]], count: int) -> list[Tensor]:
    """Return the columns of batches end to end; no more memory is taken than they need.

    Raises:
        DataError: there are not so many rows, or they differ in shape.
    """
    columns: list[Tensor] = []
    filled = 0
    for batch in batches:
        columns = columns or [part.new_empty(count, *part.shape[1:]) for part in batch]
        end = filled + len(batch[0])
        for column, part in zip(columns, batch, strict=True):
            if part.shape[1:] != column.shape[1:] or len(part) != end - filled or end > count:
                raise _misfit(part, column)
            column[filled:end] = part
        filled = end
    if filled != count:
        raise DataError(f"{filled} rows were given for {count} samples")
    return columns or [torch.zeros(0, 0)]


def _misfit(part: Tensor, column: Tensor) -> DataError:
    return DataError(
        f"a batch of shape {tuple(part.shape)} does not fit into {tuple(column.shape)}",
        where="active_config.feature_layer",
        hint="name a layer that gives as many numbers for each sample",
    )


def _softmax(outputs: Tensor) -> Tensor:
    if outputs.ndim == 1 or outputs.shape[1] == 1:
        return _two_classes_of_logits(outputs)
    logits = outputs.float() if outputs.ndim == 2 else outputs.float().movedim(1, -1)
    # torch.softmax takes six times as long along a last dimension of a few classes.
    powers = (logits - logits.amax(-1, keepdim=True)).exp_()
    return powers.div_(powers.sum(-1, keepdim=True))


def _two_classes_of_logits(outputs: Tensor) -> Tensor:
    return _two_classes(outputs.float().sigmoid())


def _two_classes(second: Tensor) -> Tensor:
    if second.ndim == 2 and second.shape[1] == 1:
        second = second[:, 0]
    second = second.float()
    return torch.stack([1 - second, second], -1)
