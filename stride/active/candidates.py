"""Moved to `stride.active.pool.candidates`."""

from stride.moved import moved

__getattr__ = moved(__name__, "stride.active.pool.candidates")
