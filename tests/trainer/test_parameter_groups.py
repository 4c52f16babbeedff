"""Groups of parameters in a whole training: rows, schedules, resume, fork and reproduction."""

import pytest

from stride.errors import ConfigError
from stride.runs.run import Run
from tests.integration.same_runs import problems_of
from tests.trainer.killing import Killed, Killer

GROUPS = {
    "optimizer_kwargs": {
        "lr": 0.01,
        "groups": [
            {"match": "*.bias", "weight_decay": 0},
            {"match": "1.*", "name": "first", "lr": 0.001},
        ],
    },
    "scheduler_kwargs": {"scheduler_name": "CosineAnnealingLR", "interval": "step"},
    "checkpoint_config": {"every_steps": 3, "background": False},
    "dataset_kwargs": {"normalize": "standard"},
    "logging_config": {"loggers": ["csv"]},
}


def test_a_schedule_scales_all_groups_and_rows_have_them(make):
    trainer = make(**GROUPS)
    trainer.fit()
    first, *_, last = Run(trainer.run.paths.path).metrics()
    assert first["lr/first"] == pytest.approx(first["lr"] / 10)
    assert first["lr/bias"] == first["lr"] > last["lr"]
    assert (first["weight_decay"], first["weight_decay/bias"]) == (0.01, 0)


def test_a_training_with_groups_is_resumed_and_reproduced_to_the_bit(make, tmp_path):
    (whole := make(**GROUPS)).fit()
    killed = make(**GROUPS, callbacks=[Killer(5)], work_dir=tmp_path / "killed")
    with pytest.raises(Killed):
        killed.fit()
    make(**GROUPS, work_dir=tmp_path / "killed").fit(resume=0)
    assert problems_of(killed.run.paths.path, whole.run.paths.path) == []
    assert make().reproduce(0).identical


def test_other_groups_in_a_fork_start_the_optimiser_over(make):
    make(**GROUPS).fit()
    names = [{"match": "*.weight", "weight_decay": 0}]
    override = {"optimizer_kwargs.groups": names, "training_config.max_epochs": 3}
    (fork := make()).fork(0, "last", override)
    assert "starts over: optimizer, schedule" in Run(fork.run.paths.path).paths.log(0).read_text()


def test_a_pattern_that_matches_nothing_leaves_no_folder(make, tmp_path):
    groups = [{"match": "1.wieght", "lr": 1}]
    with pytest.raises(ConfigError, match=r"'1.wieght' matches no.*'1.weight'"):
        make(optimizer_kwargs={"groups": groups}).fit()
    assert not (tmp_path / "w").exists()
