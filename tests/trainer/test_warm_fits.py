"""A run whose data was read before in its process is the run of a new process, bit for bit."""

import pytest

from stride.data.files.read_cache import CACHE

WHOLE = {"val_fraction": 0.0, "test_fraction": 0.0, "subsample_rate": 1}


def halve(x):
    return x.mul_(0.5)


@pytest.mark.parametrize("data", [{}, WHOLE])
def test_a_transform_that_writes_in_place_reaches_no_later_run(make, data):
    trainer = make(
        dataset_kwargs={"transform": halve, **data},
        training_config={"max_epochs": 1, "max_steps": 3},
    )
    digests = []
    for number in range(3):
        if number == 2:
            CACHE.clear()
        trainer.fit()
        digests.append(trainer.results["weights_sha256"])
    assert len({*digests}) == 1
