"""Packs keep bits with one thread."""

import pytest

from tests.trainer.packs.trainings import Fleet, write_data


@pytest.fixture(autouse=True)
def with_one_thread(one_thread):
    """Let torch use one thread."""


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """Give the folder of the data."""
    folder = tmp_path_factory.mktemp("points")
    write_data(folder)
    return folder


@pytest.fixture
def fleet(data, tmp_path):
    """Give what makes the trainings, in a pack and alone."""
    return Fleet(tmp_path, data)
