"""A process that ends with the one that started it."""

import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux does it")

WORKER = """
import sys, time
from stride.distributed import parent_death
{before}
parent_death.end_with_parent()
print("ready", flush=True)
time.sleep(60)
"""
AGENT = """
import subprocess, sys, time
worker = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE)
print(worker.pid, flush=True)
print(worker.stdout.readline().decode(), end="", flush=True)
time.sleep(60)
"""


def lives(pid):
    """Tell whether a process runs; one that ended and was not asked for its end does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ends(pid, seconds=10.0):
    deadline = time.monotonic() + seconds
    while lives(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not lives(pid)


def started(popen, worker):
    command = [sys.executable, "-c", AGENT, worker]
    agent = popen(command, stdout=subprocess.PIPE, text=True)
    return agent, int(agent.stdout.readline())


def test_a_worker_ends_with_its_agent(popen):
    agent, worker = started(popen, WORKER.format(before=""))
    assert agent.stdout.readline() == "ready\n" and lives(worker)
    agent.kill()
    agent.communicate(timeout=10)
    assert ends(worker)


def test_a_worker_whose_agent_ended_before_it_asked_ends_at_once():
    done = subprocess.run(
        [sys.executable, "-c", WORKER.format(before="parent_death._parent += 1")],
        stdout=subprocess.PIPE,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL and done.stdout == b""


def test_this_process_has_the_parent_that_was_noted():
    from stride.distributed import parent_death

    assert parent_death._parent == os.getppid()


def test_a_fork_says_which_process_started_it():
    fork = """
import os
from stride.distributed.parent_death import end_with_parent
parent = os.getpid()
ended = []
for given in (parent, parent + 1, None):
    if not (child := os.fork()):
        end_with_parent(given)
        os._exit(0)
    ended.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(*ended)
"""
    done = subprocess.run([sys.executable, "-c", fork], stdout=subprocess.PIPE, timeout=60)
    assert done.stdout == b"0 -9 -9\n"
