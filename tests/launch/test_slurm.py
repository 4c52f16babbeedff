"""SLURM's commands: what they are asked, and what becomes of their answers."""

import pytest

from stride.launch.slurm import SlurmError, Submitted, cancel, require_sbatch, states, submit


def test_a_script_is_submitted_and_the_number_comes_back(slurm, tmp_path):
    assert submit(tmp_path / "job.sbatch") == Submitted("12")
    assert slurm.calls("sbatch") == [f"--parsable {tmp_path}/job.sbatch"]


def test_a_cluster_is_named_where_there_are_several(slurm, tmp_path):
    slurm.answer("sbatch", "12;north\n")
    assert submit(tmp_path / "job.sbatch") == Submitted("12", "north")


def test_an_answer_that_is_no_job_is_refused(slurm, tmp_path):
    slurm.answer("sbatch", "welcome to the cluster\n")
    with pytest.raises(
        SlurmError, match="sbatch answered 'welcome to the cluster', which is not a job"
    ):
        submit(tmp_path / "job.sbatch")


def test_a_refusal_is_told_in_the_words_of_sbatch(slurm, tmp_path):
    slurm.refuse(
        "sbatch",
        "sbatch: error: invalid partition specified: x\nsbatch: error: Submission failed\n",
    )
    with pytest.raises(SlurmError) as caught:
        submit(tmp_path / "job.sbatch")
    assert caught.value.what == "sbatch refused: invalid partition specified: x; Submission failed"
    assert caught.value.exit_code == 2


def test_a_refusal_without_a_word_says_so(slurm, tmp_path):
    slurm.refuse("sbatch", "")
    with pytest.raises(SlurmError, match="it gave no reason"):
        submit(tmp_path / "job.sbatch")


def test_without_sbatch_one_is_told_where_to_type(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SlurmError, match=r"sbatch is not on the PATH.*type this on a machine"):
        require_sbatch()
    with pytest.raises(SlurmError, match="squeue is not on the PATH"):
        states(["12"])


def test_a_command_that_cannot_be_started_is_told(slurm, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(slurm.folder))
    (slurm.folder / "sbatch").write_text("no program\0")
    with pytest.raises(SlurmError, match=r"sbatch gives no answer: .*Exec format"):
        submit(tmp_path / "job.sbatch")


def test_states_are_asked_for_in_one_call(slurm):
    slurm.answer("squeue", "14|12_0|RUNNING|None\n12|12_1|PENDING|Resources\n")
    assert states(["12_1", "14", "12_1"]) == {
        "14": "RUNNING",
        "12_0": "RUNNING",
        "12": "PENDING (Resources)",
        "12_1": "PENDING (Resources)",
    }
    assert slurm.calls("squeue") == ["-h --array --jobs=12_1,14 -o %A|%i|%T|%r"]


def test_nothing_is_asked_about_no_jobs(slurm):
    assert states([]) == {}
    assert slurm.calls("squeue") == []


def test_a_job_that_ended_long_ago_has_no_state(slurm):
    slurm.refuse("squeue", "slurm_load_jobs error: Invalid job id specified\n")
    assert states(["12"]) == {}


def test_another_refusal_of_squeue_is_one(slurm):
    slurm.refuse("squeue", "slurm_load_jobs error: Unable to contact slurm controller\n")
    with pytest.raises(SlurmError, match="Unable to contact"):
        states(["12"])


def test_a_job_is_cancelled_and_one_that_ended_is_left_alone(slurm):
    cancel("12")
    slurm.refuse(
        "scancel", "scancel: error: Kill job error on job id 13: Invalid job id specified\n"
    )
    cancel("13")
    assert slurm.calls("scancel") == ["-- 12", "-- 13"]
    slurm.refuse("scancel", "scancel: error: Access denied\n")
    with pytest.raises(SlurmError, match="scancel refused: Access denied"):
        cancel("14")


def test_an_element_of_an_array_is_cancelled_alone(slurm):
    slurm.answer("squeue", "13|12_0|RUNNING|None\n12|12_1|RUNNING|None\n")
    cancel("12")
    cancel("12_0")
    assert slurm.calls("scancel") == ["-- 12_1", "-- 12_0"]
