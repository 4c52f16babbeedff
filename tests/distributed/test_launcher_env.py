"""Rank and meeting point, from the variables of torchrun or of SLURM."""

import pytest

from stride.distributed.launcher_env import (
    first_host,
    meeting_point,
    place,
    require_place,
    without_launcher,
)
from stride.errors import UserError

TASK = {
    "SLURM_JOB_ID": "1234",
    "SLURM_STEP_ID": "0",
    "SLURM_PROCID": "3",
    "SLURM_LOCALID": "1",
    "SLURM_NTASKS": "4",
    "SLURM_JOB_NODELIST": "n[01-02]",
}
TORCHRUN = {
    "RANK": "1",
    "LOCAL_RANK": "0",
    "WORLD_SIZE": "2",
    "MASTER_ADDR": "10.0.0.7",
    "MASTER_PORT": "29500",
}


def ranks(environment):
    found = place(environment)
    return tuple(found.get(name) for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE"))


def test_a_task_of_srun_knows_its_place():
    assert ranks(TASK) == ("3", "1", "4")
    address, port = meeting_point(TASK)
    assert address == "n01" and 20000 <= int(port) < 30000


def test_torchruns_variables_win():
    assert ranks(TASK | TORCHRUN) == ("1", "0", "2")
    assert meeting_point(TASK | TORCHRUN) == ("10.0.0.7", "29500")


def test_who_says_that_a_task_is_alone_is_obeyed():
    assert ranks(TASK | {"WORLD_SIZE": "1"}) == (None, None, "1")


def test_a_meeting_point_may_be_given_to_tasks_of_srun():
    assert meeting_point(TASK | {"MASTER_ADDR": "ib0", "MASTER_PORT": "5"}) == ("ib0", "5")


@pytest.mark.parametrize("step", [None, "4294967291", "4294967290"])
def test_a_batch_script_and_a_shell_of_salloc_are_alone(step):
    environment = {name: value for name, value in TASK.items() if name != "SLURM_STEP_ID"}
    environment |= {} if step is None else {"SLURM_STEP_ID": step}
    assert ranks(environment) == (None, None, None)
    assert meeting_point(environment) == ("", "")


def test_a_step_counts_its_own_tasks_and_hosts():
    step = {"SLURM_STEP_NUM_TASKS": "2", "SLURM_STEP_NODELIST": "n02"}
    assert ranks(TASK | step)[2] == "2"
    assert meeting_point(TASK | step)[0] == "n02"


def test_jobs_and_their_steps_meet_at_different_ports():
    named = [{"SLURM_JOB_ID": str(job), "SLURM_STEP_ID": str(step)} for job in (7, 8, 9)
             for step in (0, 1, 2)]  # fmt: skip
    assert len({meeting_point(TASK | one)[1] for one in named}) == len(named)


def test_without_a_launcher_nothing_is_said():
    assert ranks({}) == (None, None, None) and meeting_point({}) == ("", "")


@pytest.mark.parametrize(
    ("hosts", "first"),
    [
        ("n1", "n1"),
        ("a1,b2", "a1"),
        ("n[1-3,7]", "n1"),
        ("n[007,9-12],m[1-2]", "n007"),
        ("node-1-2,other", "node-1-2"),
        ("r[2-3]n[05-08]", "r2n05"),
        ("gpu[1-4]-ib.example.org", "gpu1-ib.example.org"),
        ("", ""),
    ],
)
def test_the_first_host_of_a_list(hosts, first):
    assert first_host(hosts) == first


@pytest.mark.parametrize(
    ("fine", "taken"),
    [
        ({}, (None, None)),
        ({"WORLD_SIZE": "1"}, (None, "1")),
        ({"RANK": "0", "WORLD_SIZE": "1"}, ("0", "1")),
        (TASK, ("3", "4")),
        (TORCHRUN, ("1", "2")),
    ],
)
def test_a_place_among_the_processes_is_taken(fine, taken):
    require_place(fine)
    rank, _, world = ranks(fine)
    assert (rank, world) == taken


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"RANK": "x"}, r"'x' is not a number \(RANK\)"),
        ({"WORLD_SIZE": "two"}, r"'two' is not a number \(WORLD_SIZE\)"),
        ({"RANK": "3"}, "rank 3 is none of 2 processes"),
        ({"RANK": "-1"}, "rank -1 is none of 2 processes"),
        ({"RANK": None}, "WORLD_SIZE is set, and RANK is not"),
        ({"WORLD_SIZE": None}, "RANK is set, and WORLD_SIZE is not"),
    ],
)
def test_half_set_variables_are_refused(wrong, words):
    environment = {name: said for name, said in (TORCHRUN | wrong).items() if said is not None}
    with pytest.raises(UserError, match=words):
        require_place(environment)


def test_a_port_is_a_number():
    with pytest.raises(UserError, match=r"'abc' is not a number \(MASTER_PORT\)"):
        meeting_point(TORCHRUN | {"MASTER_PORT": "abc"})


def test_a_process_of_a_task_may_be_none_of_those_that_train_together():
    others = {"PATH": "/bin", "SLURM_JOB_ID": "1234"}
    for launched in (TASK, TORCHRUN | {"TORCHELASTIC_RUN_ID": "7"}):
        left = without_launcher(launched | others)
        assert ranks(left) == (None, None, None)
        assert meeting_point(left) == ("", "")
        assert left.items() >= others.items()
