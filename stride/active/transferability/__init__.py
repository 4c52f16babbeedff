"""Say how well a trained network suits new labels, without training it."""

from stride.active.transferability.logme import log_me
from stride.active.transferability.scores import h_score, leep, n_leep, nce

__all__ = ["h_score", "leep", "log_me", "n_leep", "nce"]
