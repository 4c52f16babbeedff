"""A sequence of schedules in a whole training: killed, resumed and refused."""

import pytest

from stride.errors import ConfigError
from tests.integration.same_runs import problems_of
from tests.trainer.killing import Killed, Killer

WARM = {
    "scheduler_kwargs": {
        "scheduler_name": "SequentialLR",
        "schedulers": [
            {"scheduler_name": "LinearLR", "start_factor": 0.1},
            {"scheduler_name": "WarmupCosine", "warmup_steps": 1},
        ],
        "milestones": [3],
    },
    "checkpoint_config": {"every_steps": 3, "background": False},
    "dataset_kwargs": {"normalize": "standard"},
    "logging_config": {"loggers": ["csv"]},
}


def test_it_is_resumed_to_the_bit(make, tmp_path):
    (whole := make(**WARM)).fit()
    killed = make(**WARM, callbacks=[Killer(5)], work_dir=tmp_path / "killed")
    with pytest.raises(Killed):
        killed.fit()
    make(work_dir=tmp_path / "killed").fit(resume=0)
    assert problems_of(killed.run.paths.path, whole.run.paths.path) == []
    log = killed.run.paths.log(0).read_text()
    assert "restored bit by bit: counters, model, modules, optimizer, schedule" in log


def test_a_wrong_part_leaves_no_folder(make, tmp_path):
    parts = [{"scheduler_name": "LinearLR", "start_facto": 0.1}]
    section = {**WARM["scheduler_kwargs"], "schedulers": parts, "milestones": []}
    with pytest.raises(ConfigError, match=r"schedulers\.0\.start_facto.*'start_factor'"):
        make(scheduler_kwargs=section).fit()
    assert not (tmp_path / "w").exists()
