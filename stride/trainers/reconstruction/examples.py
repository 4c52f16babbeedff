"""Choose telling samples of a split, and keep what each milestone makes of them."""

from collections.abc import Iterable, Mapping
from typing import Literal

import torch
from safetensors.torch import save
from torch import Tensor

from stride.runs.records.reconstruction import Example
from stride.trainers.reconstruction.splits import MeasuredSplit

Kind = Literal["worst", "best", "average"]


def choose_examples(scores: Tensor, count: int) -> list[Example]:
    """Return the worst, the best, and those nearest to the mean score, so many of each.

    Args:
        scores: (N,) of the samples; of equal ones the first come first.
        count: of each kind; fewer where there are fewer samples.
    """
    ranked = scores.argsort(descending=True, stable=True)
    ranks = torch.empty_like(ranked)
    ranks[ranked] = torch.arange(len(ranked))
    far = (scores.double() - scores.double().mean()).abs()
    orders: dict[Kind, Tensor] = {
        "worst": ranked,
        "best": scores.argsort(stable=True),
        "average": far.argsort(stable=True),
    }
    return [
        Example(kind=kind, number=n, error=scores[n].item(), rank=int(ranks[n]))
        for kind, order in orders.items()
        for n in order[:count].tolist()
    ]


def example_tensors(split: MeasuredSplit, examples: Iterable[Example]) -> dict[str, Tensor]:
    """Return numbers, inputs and labels of a split's examples, by their names in the file."""
    numbers = torch.tensor([one.number for one in examples], dtype=torch.int64)
    found = {"numbers": numbers, "inputs": split.inputs_of(numbers).cpu()}
    if split.labels is not None:
        found["labels"] = split.labels[numbers]
    return {f"{split.key}/{name}": tensor for name, tensor in found.items()}


def examples_bytes(tensors: Mapping[str, Tensor]) -> bytes:
    """Return the safetensors file of all examples."""
    return save({name: tensor.clone().contiguous() for name, tensor in tensors.items()})
