"""Moved to `stride.active.curves.groups`."""

from stride.moved import moved

__getattr__ = moved(__name__, "stride.active.curves.groups")
