"""Hold anomaly scores with their labels, checked."""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from stride.errors import DataError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class LabelledScores:
    """Anomaly scores and which of them are of anomalies; `of` checks both.

    Attributes:
        scores: (n,), finite; larger is more anomalous.
        labels: (n,), true where there is an anomaly.
        inputs: what was scored, for the mean |x| and the period; empty where it is not known.
        undefined: why nothing can be measured by these labels; empty where it can.
    """

    scores: Floats
    labels: Flags
    inputs: Floats = field(default_factory=lambda: np.empty(0))
    undefined: str = ""

    @classmethod
    def of(cls, scores: Any, labels: Any = None, inputs: Any = None) -> Self:
        """Check scores and labels: arrays, tensors or lists.

        Args:
            scores: (n,), one number a point or a snippet.
            labels: (n,) of 0 and 1; None where there are none: all count as normal then.
            inputs: (n,), (channels, n) or (1, channels, n) of a series; (n, ...) of n snippets.

        Raises:
            DataError: shapes that do not fit, numbers that are not finite, other labels.
        """
        checked = _finite(_vector(_array(scores), "scores"), "score")
        seen = np.empty(0) if inputs is None else _finite(np.atleast_1d(_array(inputs)), "input")
        if labels is None:
            return cls(checked, np.zeros(len(checked), bool), seen, "there are no labels")
        flags = _flags(_vector(_array(labels), "labels"), len(checked))
        return cls(checked, flags, seen, _one_class(flags))

    def scored_by(self, scores: Floats) -> Self:
        """Return other scores of the same points or snippets."""
        return type(self)(scores, self.labels, self.inputs, self.undefined)


def _array(values: Any) -> Floats:
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu().double().numpy()
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"scores, labels and inputs are arrays of numbers: {error}",
            hint="give an array, a tensor or a list of numbers",
        ) from None


def _vector(values: Floats, name: str) -> Floats:
    if values.ndim == 1 and len(values):
        return values
    raise DataError(
        f"{name} have the shape {values.shape}, not (n,) with n from 1 on",
        where=name,
        hint="give one number a point or a snippet: of (n, 1), reshape(-1)",
    )


def _finite(values: Floats, name: str) -> Floats:
    bad = np.flatnonzero(~np.isfinite(values.reshape(-1)))
    if not len(bad):
        return values
    raise DataError(
        f"{len(bad)} of {values.size} {name}s are not finite, the first is {name} {bad[0]}",
        where=f"{name}s",
        hint="leave such points out with their labels, or look why the model gives them",
    )


def _flags(labels: Floats, count: int) -> Flags:
    if len(labels) != count:
        raise DataError(
            f"there are {count} scores and {len(labels)} labels",
            where="labels",
            hint="give one label for each score; scores of windows have to become those of points",
        )
    other = labels[(labels != 0) & (labels != 1)]
    if len(other):
        raise DataError(
            f"labels are 0 (normal) and 1 (anomalous), and there is {other[0]:g}",
            where="labels",
            hint="of classes give labels != the normal class",
        )
    flags: Flags = labels == 1
    return flags


def _one_class(flags: Flags) -> str:
    if flags.all() or not flags.any():
        return f"all {len(flags)} labels are {int(flags[0])}"
    return ""
