"""Moved to `stride.metrics`."""

from stride.moved import moved

__getattr__ = moved(__name__, "stride.metrics")
