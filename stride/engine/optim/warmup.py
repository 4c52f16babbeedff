"""Schedules that warm up and then fall, by the number of updates alone."""

import math
from abc import abstractmethod
from typing import final

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


class _Warmup(LRScheduler):
    """Raise the rates to those of the optimiser along a line, and let them fall from there.

    The first update has 1/(w + 1) of each rate for w warm-up steps, each further one as much more
    (Goyal et al., Accurate, Large Minibatch SGD, 2017, arXiv 1706.02677, section 2.2).
    """

    def __init__(
        self,
        optimizer: Optimizer,
        warmup_steps: int,
        total_steps: int | None = None,
        final_share: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        if total_steps is None:
            raise ValueError("total_steps is missing: how many there will be is not known here")
        if not 0 <= final_share <= 1:
            raise ValueError(f"final_share={final_share} must be from 0 to 1")
        if not 0 <= warmup_steps < total_steps:
            what = f"warmup_steps={warmup_steps} must be 0 or more, and below"
            raise ValueError(f"{what} total_steps={total_steps}")
        self.warmup_steps, self.total_steps = warmup_steps, total_steps
        self.final_share = final_share
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float | Tensor]:
        """Return the rate of each group for the next update."""
        share = self._share(self.last_epoch)
        return [rate * share for rate in self.base_lrs]

    def _share(self, step: int) -> float:
        if step < self.warmup_steps:
            return (step + 1) / (self.warmup_steps + 1)
        part = (step - self.warmup_steps) / (self.total_steps - self.warmup_steps)
        return self.final_share + (1 - self.final_share) * self._left(min(part, 1.0))

    @abstractmethod
    def _left(self, part: float) -> float:
        """Return how much is left, from 1 to 0, after a part of the way down, from 0 to 1."""


@final
class WarmupCosine(_Warmup):
    """Warm up along a line, then fall along half a cosine to `final_share` of the rate.

    Loshchilov and Hutter, SGDR, 2016 (arXiv 1608.03983), equation 5, without restarts.

    Args:
        optimizer: whose rates are moved; those that it has are the highest.
        warmup_steps: steps until the full rate, 0 for none.
        total_steps: steps of the whole schedule; None: those of the training.
        final_share: of the rate, at the end and after it.
        last_epoch: steps done before, less one.
    """

    def _left(self, part: float) -> float:
        return (1 + math.cos(math.pi * part)) / 2


@final
class WarmupLinear(_Warmup):
    """Warm up along a line, then fall along a line to `final_share` of the rate.

    Devlin et al., BERT, 2018 (arXiv 1810.04805), appendix A.2.

    Args:
        optimizer: whose rates are moved; those that it has are the highest.
        warmup_steps: steps until the full rate, 0 for none.
        total_steps: steps of the whole schedule; None: those of the training.
        final_share: of the rate, at the end and after it.
        last_epoch: steps done before, less one.
    """

    def _left(self, part: float) -> float:
        return 1 - part
