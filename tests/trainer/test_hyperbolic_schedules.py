"""Hyperbolic schedules in a whole training: recorded, resumed and refused."""

import pytest

from stride import Run
from stride.errors import ComponentError
from tests.trainer.killing import Killed, Killer

SECTION = {"scheduler_name": "HyperbolicLR", "upper_bound": 3, "infimum_lr": 1e-4}
TRAINING = {"training_config": {"max_epochs": 3}, "optimizer_kwargs": {"lr": 0.01}}


def rates(trainer):
    rows = Run(trainer.run.path).metrics()
    return [row["lr"] for row in rows if "validation/epoch_loss" in row]


def test_they_go_on_in_a_resumed_training(make, tmp_path):
    (whole := make(**TRAINING, scheduler_kwargs=SECTION)).fit()
    falls = [0.01 + 0.0099 * ((1 - (x / 3)) ** 2) ** 0.5 - 0.0099 for x in range(3)]
    assert rates(whole) == pytest.approx(falls)  # those with which each epoch was trained
    killed = make(
        **TRAINING, scheduler_kwargs=SECTION, callbacks=[Killer(5)], work_dir=tmp_path / "killed"
    )
    with pytest.raises(Killed):
        killed.fit()
    (again := make(work_dir=tmp_path / "killed")).fit(resume=0)
    assert rates(again) == rates(whole)


def test_a_bound_below_the_length_leaves_no_folder(make, tmp_path):
    with pytest.raises(ComponentError, match="upper_bound=3 is below max_iter=4"):
        make(scheduler_kwargs=SECTION, training_config={"max_epochs": 4}).fit()
    assert not (tmp_path / "w").exists()
