"""Worker processes that the system kills."""

import pytest

from stride.errors import RunFailed
from stride.sweeps.processes import work_in_processes

SITE = """
import os, signal, sys
if "stride.sweeps" in sys.orig_argv:
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_workers_that_are_killed_before_they_have_a_trial_end_the_sweep(
    sweeps, rates, tmp_path, monkeypatch
):
    (tmp_path / "sitecustomize.py").write_text(SITE)
    sweep = sweeps.of(**rates(0.01)).begin()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RunFailed, match=r"a worker took no trial: its process .* SIGKILL 3 times"):
        work_in_processes(sweep, 1)
    assert sweeps.states() == ["WAITING"]
