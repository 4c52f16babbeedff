"""What the command line calls."""

import os
import sys

import pytest

from stride.errors import ConfigError, RunError
from stride.trainer.commands import _to_its_end, check, dry_run, start


def overrides(tmp_path, *more):
    return [
        f"work_dir={tmp_path / 'w'}",
        "training_config.max_steps=1",
        "dataset_kwargs.subsample_rate=0.2",
        "logging_config.terminal_display=off",
        *more,
    ]


def test_the_folder_is_told_at_the_end_also_of_a_failure(tmp_path):
    told = []
    start(overrides(tmp_path), None, force=False, ended=told.append)
    assert [path.name for path in told] == ["0"]
    with pytest.raises(RunError):
        start(overrides(tmp_path, "run=0"), None, force=False, ended=told.append)
    assert len(told) == 1


def test_a_dry_run_gives_the_complete_config_and_makes_nothing(tmp_path):
    values = dry_run(overrides(tmp_path), None, force=False)
    assert values["optimizer_kwargs"]["betas"] == [0.9, 0.999]
    assert not (tmp_path / "w").exists()
    with pytest.raises(ConfigError, match="lr"):
        dry_run(overrides(tmp_path, "optimizer_kwargs.lrr=1"), None, force=False)


def test_a_check_tries_a_step_and_makes_nothing(tmp_path):
    found = check(overrides(tmp_path), None)
    assert found["loss"] > 0
    assert found["gradient_norm"] > 0
    assert not (tmp_path / "w").exists()


def test_a_command_that_obeys_ctrl_c_slowly_is_not_killed(tmp_path):
    slowly = "import os, time; os.kill(os.getppid(), 2); time.sleep(1); os._exit(7)"
    assert _to_its_end([sys.executable, "-c", slowly], tmp_path, os.environ) == 7
