"""Transferability scores of trained networks for new labels, without training."""

from stride.active.transferability.logme import log_me
from stride.active.transferability.scores import h_score, leep, n_leep, nce

__all__ = ["h_score", "leep", "log_me", "n_leep", "nce"]
