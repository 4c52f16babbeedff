"""The base of all detectors: what a sample is compared with, and what its score is."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from torch import Tensor, nn

from stride.errors import DataError

FitOn = Literal["evaluated", "train"]
Samples = NDArray[np.float64]

TRAINED = "trained"  # the name of the buffer


class Detector(nn.Module, ABC):
    """Score how unlike others each sample is, without a parameter.

    Nothing is reconstructed: the outputs are zeros, whose L1 error is the mean |x|.

    Args:
        normalize_snippets: whether each channel of a sample becomes its z-score before.
        fit_on: what samples are compared with: "evaluated", the others of their own split; or
            "train", the training split, which is then kept in the weights.

    Attributes:
        learns: no: nothing is left of a training but the measuring.
        scores_whole_splits: yes: a score depends on the other samples that it is asked for with.
    """

    learns = False
    scores_whole_splits = True

    def __init__(self, normalize_snippets: bool, fit_on: FitOn) -> None:
        super().__init__()
        self._normalizes = normalize_snippets
        self.fit_on = fit_on
        if fit_on == "train":
            self.register_buffer(TRAINED, torch.empty(0))
            self.register_load_state_dict_pre_hook(_resize)  # type: ignore[no-untyped-call]

    def fit(self, inputs: Tensor) -> None:
        """Take the training split (N, C, L) where samples are compared with it."""
        if self.fit_on == "train":
            self.register_buffer(TRAINED, inputs.detach().clone())

    def forward(self, inputs: Tensor) -> Tensor:
        """Return zeros in the shape of the inputs."""
        return torch.zeros_like(inputs)

    def anomaly_scores(self, inputs: Tensor) -> Tensor:
        """Return one score a sample, (N,) in float64; larger is more unlike the others.

        Args:
            inputs: all samples (N, C, L) of a split, in their order.

        Raises:
            DataError: there are fewer than two samples to compare with.
        """
        inputs = inputs.cpu()
        others = inputs if self.fit_on == "evaluated" else self.get_buffer(TRAINED).cpu()
        if len(others) < 2:
            what = (
                f"{type(self).__name__} compares with {len(others)} samples, and needs 2 at least"
            )
            raise DataError(what, where="model_kwargs.fit_on", hint="give the split more samples")
        own = self._prepared(inputs)
        # In the training split itself no sample is compared with itself.
        beside = own if torch.equal(inputs, others) else self._prepared(others)
        with threadpool_limits(1):  # several threads add up in any order
            return torch.from_numpy(self.compare(own, beside))

    @abstractmethod
    def compare(self, own: Samples, others: Samples) -> Samples:
        """Return the score of each of `own` (N, C, L) beside `others` (M, C, L), which may be it.

        Samples are not compared with themselves where `others is own`.
        """

    def _prepared(self, inputs: Tensor) -> Samples:
        samples = inputs.detach().double()
        if self._normalizes:
            deviation, mean = torch.std_mean(samples, -1, correction=0, keepdim=True)
            samples = (samples - mean) / torch.where(deviation > 0, deviation, 1)
        prepared: Samples = samples.numpy()
        return prepared


def rows(samples: Samples) -> Samples:
    """Return samples as vectors (N, C * L)."""
    return samples.reshape(len(samples), -1)


def _resize(module: nn.Module, state: Mapping[str, Any], prefix: str, *_: Any) -> None:
    """Give the buffer the shape of what is loaded: how many samples there were, only it knows."""
    if isinstance(loaded := state.get(prefix + TRAINED), Tensor):
        module.register_buffer(TRAINED, torch.empty_like(loaded))
