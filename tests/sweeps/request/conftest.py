"""The trainer of the tests that follow sweeps."""

from tests.sweeps.following.conftest import trainer

__all__ = ["trainer"]
