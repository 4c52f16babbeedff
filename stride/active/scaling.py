"""Moved to `stride.active.calibration.scaling`."""

from stride.moved import moved

__getattr__ = moved(__name__, "stride.active.calibration.scaling")
