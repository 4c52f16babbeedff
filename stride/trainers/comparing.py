"""Moved to `stride.trainers.active.comparison`."""

from stride.moved import moved

__getattr__ = moved(__name__, "stride.trainers.active.comparison")
