"""`stride prune`, and what a job of SLURM will go on with."""

import json
import os
import tempfile
from pathlib import Path

import pytest

from stride.runs import layout, status  # noqa: F401  loaded before rights are given up
from stride.runs.listing.rows import read  # noqa: F401
from stride_cli.keeping.queued_jobs import require_no_jobs

NAMES = ("m_d_x_epoch_1", "m_d_x_epoch_2", "m_d_x_epoch_3")


@pytest.fixture
def make_large(make_run):
    """Return a function that writes a run with three checkpoints, of which the second is best."""

    def make(**options):
        paths = make_run(**options)
        for name in NAMES:
            paths.checkpoint(name).path.mkdir(parents=True)
            (paths.checkpoint(name).path / "x").write_bytes(bytes(2000))
        entries = [{"name": n, "step": i, "epoch": i, "time": 1.0} for i, n in enumerate(NAMES)]
        index = {"format_version": 3, "entries": entries, "best": NAMES[1], "last": NAMES[2]}
        paths.checkpoint_index.write_text(json.dumps(index))
        return paths

    return make


def test_sizes_come_first_and_records_stay(stride, make_large) -> None:
    run = make_large()
    planned = stride("prune", "W/0", "--dry-run")
    assert planned.out.splitlines()[1].split() == ["W/0", "1", "2.00", "kB", "2", "4.00", "kB"]
    assert planned.err == "1 checkpoint, 2.00 kB: nothing was deleted\n"
    asked = stride("prune", "W/0", "--keep", "last")
    assert asked.code == 2 and "2 checkpoints, 4.00 kB" not in asked.err
    assert asked.err.endswith("nobody is there to ask; add --yes\n")
    assert run.checkpoint_names() == [*NAMES]
    (done,) = json.loads(stride("prune", "W/0", "-y", "--keep", "last", "--json").out)
    assert done == {
        "run": "0",
        "path": "W/0",
        "deleted": [*NAMES[:2]],
        "kept": [NAMES[2]],
        "size": 4000,
    }
    assert run.checkpoint_names() == [NAMES[2]]
    assert stride("prune", "W/0").err == "0 checkpoints, 0 B: nothing was deleted\n"


def test_runs_are_chosen_by_a_query_and_tagged_ones_stay_whole(stride, make_large) -> None:
    runs = [make_large(loss=loss) for loss in (0.1, 0.2, 0.3)]
    stride("tag", "W/2", "+paper")
    words = ["prune", "W", "--where", "val_loss > .15", "--keep", "best,tag:paper"]
    assert stride(*words, "-y").err.endswith("2 checkpoints, 4.00 kB: deleted\n")
    assert [len(run.checkpoint_names()) for run in runs] == [3, 1, 3]
    for words, told in [
        (["W"], "W is a work_dir, not a run"),
        (["W/0", "--keep", "bets"], "'bets' is nothing to keep (--keep); type: best,last,tag:TAG"),
    ]:
        code, out, err = stride("prune", *words, "-y")
        assert (code, out) == (2, "") and told in err


def test_what_a_killed_process_left_goes_too(stride, make_large) -> None:
    run = make_large()
    left = run.checkpoints / f".tmp-0123456789ab-{NAMES[0]}"
    run.checkpoint(NAMES[0]).path.rename(left)
    told = "0 checkpoints, 0 B, and 2.00 kB left over from before"
    assert (
        stride("prune", "W/0", "--dry-run").err == f"{told}: nothing was deleted\n"
        and left.exists()
    )
    assert stride("prune", "W/0").code == 2 and left.exists()
    assert stride("prune", "W/0", "-y").err == f"{told}: deleted\n" and not left.exists()
    assert run.checkpoint_names() == [*NAMES[1:]]


def test_what_a_job_will_go_on_with_stays(stride, make_large, tmp_path, monkeypatch) -> None:
    run = make_large(state="interrupted")
    run.job.write_text('{"format_version": 3, "id": "12", "submitted": 2e9}')
    squeue = tmp_path / "bin" / "squeue"
    monkeypatch.setenv("PATH", str(squeue.parent))
    for command in (["rm", "W/0", "--dry-run"], ["prune", "W/0", "--dry-run"]):
        assert "are queued is not known" in stride(*command).err
    squeue.parent.mkdir()
    squeue.write_text("#!/bin/sh\necho '12|12|PENDING|BeginTime'\n")
    squeue.chmod(0o755)
    monkeypatch.setenv("PATH", f"{squeue.parent}{os.pathsep}/bin{os.pathsep}/usr/bin")
    for command in ("rm", "prune"):
        code, _, err = stride(command, "W/0")
        told = "run 0 has a job: 12 PENDING (BeginTime) (W/0); type: stride cancel W/0\n"
        assert code == 2 and err.endswith(told)
    squeue.write_text("#!/bin/sh\n")
    assert stride("rm", "W/0").code == 0


def test_a_folder_that_is_closed_names_no_job() -> None:
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0)
    user = os.geteuid()
    try:
        os.seteuid(user or 65534)
        require_no_jobs([folder])
    finally:
        os.seteuid(user)
        folder.rmdir()
