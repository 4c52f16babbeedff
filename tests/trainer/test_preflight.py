"""The preflight does a whole step and leaves no trace."""

import pytest
import torch

from stride.errors import DataError


def test_a_step_is_done_on_a_copy(make, tmp_path):
    trainer = make(scheduler_kwargs={"scheduler_name": "ReduceLROnPlateau"})
    before = [p.clone() for p in trainer.model.parameters()]
    state = torch.get_rng_state()
    found = trainer.check()
    assert found["device"] == str(trainer.comprehend_config().device)
    assert found["shapes"] == [[2, 1, 8, 8], [2]]
    assert all(torch.equal(p, q) for p, q in zip(before, trainer.model.parameters(), strict=True))
    assert not (tmp_path / "w").exists()
    trainer.check()
    assert torch.get_rng_state().shape == state.shape


def test_a_step_that_spoils_the_weights_is_told(make):
    trainer = make(optimizer_kwargs={"optimizer_name": "SGD", "lr": 1e60, "momentum": 0.0})
    with pytest.raises(DataError, match="not finite"):
        trainer.check()
