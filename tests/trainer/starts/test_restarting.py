"""A restarting launcher goes on with its run, and nobody else's."""

import pytest

from stride.callbacks.base import Callback
from stride.runs.run import Run
from stride.runs.work_dir import WorkDir

STEPS = 4  # in an epoch of 250 digits
TYPED = ["optimizer_kwargs.lr=0.01"]


class Killed(BaseException):
    pass


class Killer(Callback):
    def after_step(self, trainer, step):
        if trainer.state.step == 5:
            raise Killed


@pytest.fixture(autouse=True)
def no_launcher(monkeypatch):
    for name in ("SLURM_JOB_ID", "SLURM_RESTART_COUNT", "TORCHELASTIC_RUN_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def launched(monkeypatch):
    """Return a function that sets what a launcher says."""

    def launch(**environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

    return launch


def kill(make, *overrides, **arguments):
    often = {"every_steps": 2, "background": False}
    with pytest.raises(Killed):
        make(callbacks=[Killer()], checkpoint_config=often).fit([*TYPED, *overrides], **arguments)


def runs(tmp_path):
    return WorkDir(tmp_path / "w").names()


LAUNCHERS = {
    "slurm": ({"SLURM_JOB_ID": "77"}, {"SLURM_RESTART_COUNT": "1"}),
    "torchrun": ({"TORCHELASTIC_RUN_ID": "nightly"}, {}),
}


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_restarted_job_goes_on_with_its_run(make, tmp_path, launched, launcher):
    first, again = LAUNCHERS[launcher]
    launched(**first)
    kill(make)
    launched(**again)
    trainer = make()
    trainer.fit(TYPED)
    run = Run(tmp_path / "w" / "0")
    assert runs(tmp_path) == ["0"]
    assert run.status["state"] == "done" and run.results["last"]["step"] == 2 * STEPS
    log = run.paths.log(0).read_text()
    assert "was started again: going on with its run" in log
    assert "resuming from step 4" in log
    assert run.status["overrides"] == TYPED


def test_a_job_that_is_no_restart_begins_a_run_of_its_own(make, tmp_path, launched):
    launched(SLURM_JOB_ID="77")
    kill(make)
    make().fit(TYPED)
    launched(SLURM_RESTART_COUNT="0")
    make().fit(TYPED)
    assert runs(tmp_path) == ["0", "1", "2"]


@pytest.mark.parametrize("other", [["optimizer_kwargs.lr=0.02"], [*TYPED, "seed=1"], []])
def test_a_run_of_other_overrides_is_another_one(make, tmp_path, launched, other):
    launched(SLURM_JOB_ID="77")
    kill(make)
    launched(SLURM_RESTART_COUNT="1")
    make().fit(other)
    assert runs(tmp_path) == ["0", "1"]
    assert Run(tmp_path / "w" / "0").status["state"] == "failed"


def test_a_run_resumed_with_other_values_meanwhile_is_still_that_of_its_job(
    make, tmp_path, launched
):
    launched(SLURM_JOB_ID="77")
    kill(make)
    kill(make, "checkpoint_config.keep_last=5", resume=0)
    launched(SLURM_RESTART_COUNT="1")
    make().fit(TYPED)
    assert runs(tmp_path) == ["0"]
    status = Run(tmp_path / "w" / "0").status
    assert status["state"] == "done"
    assert status["overrides"] == [*TYPED, "checkpoint_config.keep_last=5"]


def test_a_run_of_another_job_is_left_alone(make, tmp_path, launched):
    launched(SLURM_JOB_ID="77")
    kill(make)
    launched(SLURM_JOB_ID="78", SLURM_RESTART_COUNT="1")
    make().fit(TYPED)
    assert runs(tmp_path) == ["0", "1"]


def test_a_run_that_is_done_is_not_taken(make, tmp_path, launched):
    launched(TORCHELASTIC_RUN_ID="nightly")
    make().fit(TYPED)
    make().fit(TYPED)
    assert runs(tmp_path) == ["0", "1"]


def test_torchrun_without_an_id_of_its_own_begins_anew(make, tmp_path, launched):
    launched(TORCHELASTIC_RUN_ID="none")
    kill(make)
    make().fit(TYPED)
    assert runs(tmp_path) == ["0", "1"]


def test_a_run_that_is_to_be_replaced_is_not_gone_on_with(make, tmp_path, launched):
    launched(TORCHELASTIC_RUN_ID="nightly")
    kill(make, run="mine")
    make().fit(TYPED, run="mine", force=True)
    assert "resuming" not in Run(tmp_path / "w" / "mine").paths.log(0).read_text()


def test_of_several_runs_of_a_job_the_newest_unfinished_one_is_taken(make, tmp_path, launched):
    launched(SLURM_JOB_ID="77")
    kill(make)
    kill(make)
    make().fit(TYPED)
    launched(SLURM_RESTART_COUNT="2")
    make().fit(TYPED)
    states = [Run(tmp_path / "w" / name).status["state"] for name in runs(tmp_path)]
    assert states == ["failed", "done", "done"]


def test_a_broken_run_is_passed_over(make, tmp_path, launched):
    launched(SLURM_JOB_ID="77")
    kill(make)
    kill(make)
    (tmp_path / "w" / "1" / "status.json").write_text("{")
    launched(SLURM_RESTART_COUNT="1")
    make().fit(TYPED)
    assert runs(tmp_path) == ["0", "1"]
    assert Run(tmp_path / "w" / "0").status["state"] == "done"


def test_torchrun_without_an_id_says_how_to_have_its_run_gone_on_with(make, tmp_path, launched):
    advice = "type: torchrun --rdzv-id=NAME"
    make().fit(TYPED)
    launched(TORCHELASTIC_RUN_ID="none")
    make().fit(TYPED)
    launched(TORCHELASTIC_RUN_ID="nightly")
    make().fit(TYPED)
    launched(TORCHELASTIC_RUN_ID="none", SLURM_JOB_ID="77")
    make().fit(TYPED)
    logs = [Run(tmp_path / "w" / name).paths.log(0).read_text() for name in runs(tmp_path)]
    assert [advice in log for log in logs] == [False, True, False, False]
