import os
import sys
import time
from pathlib import Path

import pytest

from stride.runs.process import Process, _start_without_proc, process_start

HERE = Process.this().to_json()


def test_this_process_is_known() -> None:
    assert HERE["pid"] == os.getpid()
    assert HERE["host"] and process_start(os.getpid()) == HERE["process_start"]


def test_a_zombie_has_ended(popen) -> None:
    child = popen([sys.executable, "-c", "pass"])
    deadline = time.monotonic() + 20
    while process_start(child.pid) is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process_start(child.pid) is None  # and nobody has waited for it yet


def test_a_process_with_brackets_in_its_name_is_read(popen, tmp_path: Path) -> None:
    program = tmp_path / "a) Z 1 (b"
    program.symlink_to("/bin/sleep")
    assert process_start(popen([program, "30"]).pid)


@pytest.mark.skipif(not hasattr(os, "getresuid"), reason="needs Linux")
def test_without_proc_a_process_of_another_user_lives_and_one_that_is_gone_does_not() -> None:
    users = os.getresuid()
    if users[0] == 0:
        os.setresuid(65534, 65534, 0)
    try:
        found = _start_without_proc(1), _start_without_proc(2**22 + 1)
    finally:
        os.setresuid(*users)
    assert found == ("", None)
