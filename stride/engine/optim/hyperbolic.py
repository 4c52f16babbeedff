"""Schedules along a hyperbola, whose beginning depends little on how long the training is."""

import math
from abc import abstractmethod
from typing import ClassVar, final

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


class _Hyperbolic(LRScheduler):
    """Let the rates fall along h(x) = sqrt((N-x)/U (2-(N+x)/U)) - sqrt(N/U (2-N/U)).

    N is `max_iter`, U is `upper_bound`. h falls from 0 at x = 0 to -sqrt(N/U (2-N/U)) at x = N,
    which is -1 where N = U. Whatever N is, it is a piece of a hyperbola with the one asymptote
    (U-x)/U, so that trainings of several lengths with the same U begin nearly alike.

    Kim, HyperbolicLR, 2024 (arXiv 2407.15200).

    Attributes:
        falls_to_zero: whether `infimum_lr` may be 0.
    """

    falls_to_zero: ClassVar[bool]

    def __init__(
        self,
        optimizer: Optimizer,
        upper_bound: int,
        max_iter: int | None = None,
        infimum_lr: float = 1e-6,
        last_epoch: int = -1,
    ) -> None:
        if max_iter is None:
            raise ValueError("max_iter is missing: how many there will be is not known here")
        if max_iter < 1:
            raise ValueError(f"max_iter={max_iter} must be at least 1")
        if upper_bound < max_iter:
            what = f"upper_bound={upper_bound} is below max_iter={max_iter}, the length"
            raise ValueError(f"{what} of the schedule: give {max_iter} or more")
        self._require_infimum(infimum_lr, optimizer)
        self.upper_bound, self.max_iter, self.infimum_lr = upper_bound, max_iter, infimum_lr
        super().__init__(optimizer, last_epoch)

    def _require_infimum(self, infimum: float, optimizer: Optimizer) -> None:
        rates = [group.get("initial_lr", group["lr"]) for group in optimizer.param_groups]
        if not 0 <= infimum < min(rates) or (infimum == 0 and not self.falls_to_zero):
            least = "0 or more" if self.falls_to_zero else "above 0"
            below = f"below the lowest rate, {float(min(rates)):g}"
            raise ValueError(f"infimum_lr={infimum:g} must be {least}, and {below}")

    def get_lr(self) -> list[float | Tensor]:
        """Return the rate of each group for the next update."""
        h = self._height(min(self.last_epoch, self.max_iter)) - self._height(0)
        return [self._rate(rate, h) for rate in self.base_lrs]

    def _height(self, x: int) -> float:
        n, u = self.max_iter, self.upper_bound
        return math.sqrt((n - x) / u * (2 - (n + x) / u))

    @abstractmethod
    def _rate(self, rate: float | Tensor, h: float) -> float | Tensor:
        """Return what becomes of a rate where h, from 0 down to -1, says how far it has fallen."""


@final
class HyperbolicLR(_Hyperbolic):
    """Fall from the rate towards `infimum_lr` along a hyperbola: lr + (lr - infimum_lr) h(x).

    h(x) = sqrt((N-x)/U (2-(N+x)/U)) - sqrt(N/U (2-N/U)); Kim, HyperbolicLR, 2024, arXiv 2407.15200.

    Args:
        optimizer: whose rates are moved; those that it has are the highest.
        upper_bound: U, the longest training that is compared, in epochs (or steps: `interval`).
        max_iter: N, epochs or steps of the whole schedule; None: those of the training.
        infimum_lr: the rate at the end of a training of `upper_bound`; shorter ones end above it.
        last_epoch: epochs or steps done before, less one.
    """

    falls_to_zero = True

    def _rate(self, rate: float | Tensor, h: float) -> float | Tensor:
        return rate + (rate - self.infimum_lr) * h


@final
class ExpHyperbolicLR(_Hyperbolic):
    """Fall from the rate towards `infimum_lr` by a hyperbola's power: lr (lr / infimum_lr)^h(x).

    h(x) = sqrt((N-x)/U (2-(N+x)/U)) - sqrt(N/U (2-N/U)); Kim, HyperbolicLR, 2024, arXiv 2407.15200.

    Args:
        optimizer: whose rates are moved; those that it has are the highest.
        upper_bound: U, the longest training that is compared, in epochs (or steps: `interval`).
        max_iter: N, epochs or steps of the whole schedule; None: those of the training.
        infimum_lr: the rate at the end of a training of `upper_bound`; shorter ones end above it.
        last_epoch: epochs or steps done before, less one.
    """

    falls_to_zero = False

    def _rate(self, rate: float | Tensor, h: float) -> float | Tensor:
        return rate * (rate / self.infimum_lr) ** h
