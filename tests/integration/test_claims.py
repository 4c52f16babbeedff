"""Law 5: no two processes share a run, with a working lock and without one."""

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from stride.runs.work_dir import WorkDir

CLAIM = """
import os, sys
from contextlib import contextmanager
import filelock
import stride.runs.work_dir
from stride.runs.work_dir import WorkDir
work_dir, lock, run, processes, times = sys.argv[1:]

@contextmanager
def no_lock(file):
    yield

def claim():
    try:
        path = WorkDir(work_dir).claim(run or None, force=run == "forced").path
        with open(path / "owner", "x") as owner:  # fails where another process has the folder
            owner.write(str(os.getpid()))
        return path.name
    except Exception as error:
        return type(error).__name__

if lock == "broken":
    stride.runs.work_dir.locked = no_lock
gate, opener = os.pipe()
for _ in range(int(processes)):
    if os.fork() == 0:
        os.close(opener)
        os.read(gate, 1)  # returns for all at once when the parent closes the other end
        lines = "".join(claim() + "\\n" for _ in range(int(times)))
        os.write(1, lines.encode())
        os._exit(0)
os.close(opener)
for _ in range(int(processes)):
    os.wait()
assert "torch" not in sys.modules
"""


def claim_at_once(
    work_dir: Path, processes: int, times: int, *, lock: str, run: str = ""
) -> list[str]:
    """Let many processes claim runs at the same moment; return the names they got."""
    arguments = [str(work_dir), lock, run, str(processes), str(times)]
    done = subprocess.run(
        [sys.executable, "-c", CLAIM, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout.split()


@pytest.mark.fault("64 processes that claim 3 runs each at once: no number twice")
@pytest.mark.parametrize("lock", ["working", "broken"])
def test_64_processes_get_64_numbers_each_time(tmp_path: Path, lock: str) -> None:
    names = claim_at_once(tmp_path / "w", 64, 3, lock=lock)
    assert len(names) == 64 * 3
    assert [name for name, count in Counter(names).items() if count > 1] == []
    folders = [path.name for path in (tmp_path / "w").iterdir() if path.name.isdecimal()]
    assert sorted(names) == sorted(folders)
    if lock == "working":  # and none is wasted
        assert sorted(map(int, names)) == list(range(64 * 3))


@pytest.mark.parametrize("lock", ["working", "broken"])
def test_of_many_processes_one_gets_a_name(tmp_path: Path, lock: str) -> None:
    names = claim_at_once(tmp_path / "w", 16, 1, lock=lock, run="big-lr")
    assert Counter(names) == {"big-lr": 1, "RunError": 15}


def test_force_by_many_processes_gives_one_of_them_the_run(tmp_path: Path) -> None:
    work_dir = WorkDir(tmp_path / "w")
    old = work_dir.claim("forced")
    old.segments.mkdir()
    old.status.write_text("{}")
    names = claim_at_once(tmp_path / "w", 16, 1, lock="working", run="forced")
    assert Counter(names) == {"forced": 1, "RunError": 15}
    assert [path.name for path in old.path.iterdir()] == ["owner"]


@pytest.mark.fault("lock of a dead process: the next claim goes on")
def test_a_process_killed_with_the_lock_blocks_nobody(popen, tmp_path: Path) -> None:
    code = (
        "import sys, time\n"
        "from stride.runs.files.lock import locked\n"
        "from stride.runs.work_dir import WorkDir\n"
        "w = WorkDir(sys.argv[1]); w.claim()\n"
        "with locked(w.paths.lock): print('held', flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    holder = popen(command, stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    holder.kill()
    holder.communicate()
    begun = time.monotonic()
    assert WorkDir(tmp_path).claim().name == "1"
    assert time.monotonic() - begun < 10


def test_of_many_processes_one_resumes_a_run(popen, tmp_path: Path) -> None:
    from stride.runs.writer import RunWriter

    writer = RunWriter.start(tmp_path / "w", config={}, provenance={})
    writer.close("interrupted")
    code = (
        "import os, sys, time\n"
        "from stride.runs.writer import RunWriter\n"
        "print('ready', flush=True)\n"
        "while not os.path.exists(sys.argv[1] + '/go'): time.sleep(0.002)\n"
        "try:\n"
        "    writer = RunWriter.resume(sys.argv[1])\n"
        "    print(writer.segment, flush=True); time.sleep(600)\n"
        "except Exception as error: print(type(error).__name__, flush=True)"
    )
    command = [sys.executable, "-c", code, str(writer.paths.path)]
    children = [popen(command, stdout=subprocess.PIPE, text=True) for _ in range(8)]
    for child in children:
        assert child.stdout.readline() == "ready\n"
    (writer.paths.path / "go").touch()
    answers = [child.stdout.readline().strip() for child in children]
    assert Counter(answers) == {"1": 1, "RunError": 7}
