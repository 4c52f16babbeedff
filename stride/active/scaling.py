"""Moved to `stride.active.calibration.temperature`."""

from stride.moved import moved

__getattr__ = moved(__name__, "stride.active.calibration.temperature")
