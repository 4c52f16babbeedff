"""Runs of active learning to read, as the reading commands have them."""

from tests.stride_cli.reading.conftest import make_active

__all__ = ["make_active"]
