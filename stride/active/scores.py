"""Moved to `stride.active.strategies.scores`."""

from stride.moved import moved

__getattr__ = moved(__name__, "stride.active.strategies.scores")
