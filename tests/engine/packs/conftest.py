"""Packs keep bits with one thread."""

import pytest


@pytest.fixture(autouse=True)
def with_one_thread(one_thread):
    """Let torch use one thread."""
