"""Choose what is predicted: a split of a run's data, arrays, or a loader of the user's."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stride.config.metrics import split_key
from stride.config.sections.data import LoadDataKwargs
from stride.data import Normalization, batches_in_order, resolve_loader, user_batches
from stride.data.array_dataset import ArrayDataset
from stride.data.batches.base import OrderedBatches, to_device
from stride.data.samples import SampleDataset, map_inputs
from stride.distributed import world_size
from stride.errors import DataError, UserError
from stride.trainer.fit.assembly import Assembly
from stride.trainer.fit.open_sections import values_of

NUMBERED = (ArrayDataset, SampleDataset)
BATCH = LoadDataKwargs.model_fields["batch_size"].default


@dataclass(frozen=True)
class Samples:
    """What is predicted: batches on the device, normalised as in the run.

    Attributes:
        batches: in the order of the samples.
        numbers: those of the samples in their dataset, None where they count from 0.
        total: how many there are, None where only the batches tell.
        targets: what their targets were normalised by; None: they are as they came.
    """

    batches: Iterable[Any]
    numbers: Tensor | None = None
    total: int | None = None
    targets: Normalization | None = None


def samples_of_split(assembly: Assembly, split: str, batch_size: int | None) -> Samples:
    """Return the samples of a split of a run's data.

    Raises:
        DataError: there is no such split.
    """
    batches, name = assembly.loader(split), split_key(split)
    data, config = assembly.data, assembly.config
    source = data.sources.get(name)
    statistics = None if source is None else data.normalization
    targets = None if statistics is None else statistics.targets
    if not isinstance(batches, OrderedBatches) or not isinstance(source, NUMBERED):
        _require_no_size(batch_size)
        return Samples(batches, targets=targets)
    section = resolve_loader(values_of(config.load_data_kwargs))
    ordered = batches_in_order(
        "val" if name in data.extra_loaders else name,  # by whose options it is evaluated
        source,
        section,
        seed=config.seed,
        device=assembly.device,
        normalization=data.normalization,
        transform=data.transforms.get(name),
        batch_size=batch_size,
    )
    return Samples(ordered, source.indices, len(source), targets)


def samples_of(
    data: Any, device: torch.device, normalization: Normalization | None, batch_size: int | None
) -> Samples:
    """Return the samples of arrays, or of a loader of the user's; their inputs come as they are.

    Args:
        data: a tensor or array of inputs, a tuple or mapping of some, or an iterable of batches.
        device: where the batches are wanted.
        normalization: of the run, for inputs that are tensors.
        batch_size: of batches that are cut from arrays.

    Raises:
        DataError: it is nothing of these, or the arrays differ in length.
    """
    arrays = _tensors(data)
    if arrays is None:
        _require_no_size(batch_size)
        loader = user_batches(data, device, "data")
        batches, total = _normalized(loader, normalization), loader.num_samples
        return Samples(batches, None, total)
    total = _length(arrays)
    batches = _normalized(_cut(arrays, total, batch_size or BATCH, device), normalization)
    return Samples(batches, None, total)


def require_predictable(batch_size: int | None) -> None:
    """Refuse a batch size that is none, and several processes: each would predict everything.

    Raises:
        UserError: says which.
    """
    if batch_size is not None and (type(batch_size) is not int or batch_size < 1):
        raise DataError(f"{batch_size!r} is not a batch size", hint="give 1 or more")
    if world_size() > 1:
        what, hint = "predict works in one process", "type it without a launcher"
        raise UserError(f"{what}, not in {world_size()}", hint=hint)


def _require_no_size(batch_size: int | None) -> None:
    if batch_size is not None:
        what, hint = "a loader of your own has batches of its own", "leave batch_size out"
        raise DataError(what, where="batch_size", hint=hint)


def example_of(data: Any) -> Any:
    """Return a loader whose batches have the form of what `samples_of` takes.

    Raises:
        DataError: arrays that are none of samples, or of different numbers of them.
    """
    if (arrays := _tensors(data)) is None:
        return data
    _length(arrays)
    return [_rows(arrays, 0, 2)]


def _tensors(data: Any) -> Any:
    """Return arrays as tensors, in the form in which they came; None for anything else.

    Floating numbers of NumPy get torch's default type, which networks have.
    """
    if isinstance(data, Tensor):
        return data
    if isinstance(data, np.ndarray):
        tensor = _of_numbers(data)
        return tensor.to(torch.get_default_dtype()) if tensor.is_floating_point() else tensor
    if isinstance(data, Mapping):
        values = {key: _tensors(value) for key, value in data.items()}
        return None if _lacks(values.values()) else values
    if type(data) is tuple:
        parts = tuple(_tensors(part) for part in data)
        return None if _lacks(parts) else parts
    return None


def _of_numbers(array: np.ndarray[Any, Any]) -> Tensor:
    try:
        return torch.tensor(array)
    except TypeError as error:
        what = f"an array of type {array.dtype} holds what is not a number"
        hint = 'turn it into numbers: data.astype("float32")'
        raise DataError(what, where="data", hint=hint) from error


def _lacks(parts: Iterable[Any]) -> bool:
    found = list(parts)
    return not found or any(part is None for part in found)


def _length(arrays: Any) -> int:
    parts = _leaves(arrays)
    if any(not part.ndim for part in parts):
        what, hint = "an array without dimensions has no samples", "give it a row for each sample"
        raise DataError(what, where="data", hint=hint)
    lengths = {len(part) for part in parts}
    if len(lengths) != 1:
        what = f"the arrays differ in length: {', '.join(map(str, sorted(lengths)))}"
        raise DataError(what, where="data", hint="give each a row for each sample")
    return lengths.pop()


def _leaves(arrays: Any) -> list[Tensor]:
    if isinstance(arrays, Tensor):
        return [arrays]
    parts = arrays.values() if isinstance(arrays, Mapping) else arrays
    return [leaf for part in parts for leaf in _leaves(part)]


def _cut(arrays: Any, total: int, size: int, device: torch.device) -> Iterator[Any]:
    # No samples are one batch, whose outputs have no rows and yet a shape.
    for start in range(0, max(total, 1), size):
        yield to_device(_rows(arrays, start, start + size), device)


def _rows(arrays: Any, start: int, stop: int) -> Any:
    if isinstance(arrays, Tensor):
        return arrays[start:stop]
    if isinstance(arrays, Mapping):
        return {key: _rows(part, start, stop) for key, part in arrays.items()}
    return tuple(_rows(part, start, stop) for part in arrays)


def _normalized(batches: Iterable[Any], normalization: Normalization | None) -> Iterable[Any]:
    if normalization is None:
        return batches
    return (map_inputs(batch, partial(_apply, normalization), "data") for batch in batches)


def _apply(normalization: Normalization, inputs: Any) -> Tensor:
    hint = "give inputs as the run's dataset does: tensors with as many channels"
    if not isinstance(inputs, Tensor) or not inputs.ndim:
        what = f"inputs that are a {type(inputs).__name__} cannot be normalised as the run's were"
        raise DataError(what, where="data", hint=hint)
    try:
        return normalization.apply(inputs)
    except DataError as error:
        raise DataError(error.what, where="data", hint=hint) from error
