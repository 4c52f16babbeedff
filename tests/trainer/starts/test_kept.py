"""Runs whose checkpoints were pruned, or whose parents are gone, say and do what they can."""

import shutil
from pathlib import Path

import pytest

import stride
from stride.errors import RunError, StrideError
from stride.runs.keeping.prune import Keep, plan, prune
from stride.runs.keeping.trash import Trash
from stride.runs.run import Run
from stride.runs.verify.run import verify_run
from tests.trainer.killing import Killed, Killer

OFTEN = {"every_steps": 2, "background": False, "keep_last": 9}


def pruned(run, keep):
    prune(plan(run.paths, Keep.parse(keep)))
    assert verify_run(run.path).problems == []
    return [path.name.partition("epoch_")[2] for path in run.checkpoints()]


def test_a_pruned_run_has_its_results_and_says_what_is_gone(make):
    trainer = make(checkpoint_config=OFTEN)
    trainer.fit()
    run = Run(trainer.run.paths.path)
    digest = run.results["weights_sha256"]
    assert pruned(run, "best") == ["2"]
    make().fit(resume=0, max_epochs=3)
    assert run.results["last"]["epoch"] == 3 and run.segments[-1]["from_epoch"] == 2
    assert pruned(run, "none") == []
    loaded = stride.load_run(run.path)
    assert loaded.evaluate("validation")["validation/epoch_loss"] == pytest.approx(
        run.results["best"]["validation/epoch_loss"]
    )
    with pytest.raises(RunError, match="run 0 is done: nothing is left to do"):
        make().fit(resume=0)
    with pytest.raises(RunError, match="is done, and no good checkpoint of it is left"):
        make().fit(resume=0, max_epochs=4)
    with pytest.raises(RunError, match="the run has no checkpoint"):
        make().fork(0)
    assert digest != "" and verify_run(run.path).problems == []


def test_a_killed_run_is_resumed_to_the_same_bits_after_pruning(make, tmp_path):
    whole = make(work_dir=tmp_path / "whole")
    whole.fit()
    with pytest.raises(Killed):
        (trainer := make(callbacks=[Killer(7)], checkpoint_config=OFTEN)).fit()
    run = Run(trainer.run.paths.path)
    prune(plan(run.paths, Keep.parse("none")))
    assert len(run.checkpoints()) == 1
    make().fit(resume=0)
    assert run.segments[-1]["from_step"] == 6
    assert run.results["weights_sha256"] == Run(whole.run.paths.path).results["weights_sha256"]


def test_children_go_on_when_their_parent_is_gone_for_good(make):
    make(checkpoint_config=OFTEN).fit()
    parent = Run(make().config.work_dir + "/0")
    begins = [("fork", "6", {}), ("weights", None, {"init_from": str(parent.path)})]
    for name, at, model in begins:
        trainer = make(model_kwargs=model, callbacks=[Killer(7 if at else 1)])
        with pytest.raises(Killed):
            trainer.fork(0, at, name=name) if at else trainer.fit(run=name)
    trash = Trash(parent.path.parent)
    trash.purge(trash.throw_away([parent.path]))
    for name, _, _ in begins:
        make().fit(resume=name)
        assert Run(parent.path.parent / name).state == "done"


def test_a_full_disk_is_told_before_there_is_a_run_and_a_filling_one_early(make, monkeypatch):
    free = [100]
    usage = shutil._ntuple_diskusage
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 0, free[0]))
    with pytest.raises(StrideError, match=r"no room for a checkpoint: it takes .* 100 B are free"):
        make().fit()
    assert not Path(make().config.work_dir).exists()
    free[0] = 20_000
    trainer = make(checkpoint_config=OFTEN)
    trainer.fit()
    log = Run(trainer.run.paths.path).log()
    assert log.count("a full disk ends the training, with the last checkpoint kept") == 1
    assert Run(trainer.run.paths.path).state == "done"
