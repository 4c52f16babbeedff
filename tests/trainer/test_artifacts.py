"""Images, texts, figures and histograms of a training, and the user's own files."""

import pytest
import torch

from stride.callbacks.base import Callback
from stride.errors import RunError
from stride.runs.artifacts.read import artifact_rows
from stride.runs.files.atomic import read_record
from stride.runs.run import Run
from stride.runs.verify.run import verify_run
from tests.trainer.killing import Killed, Killer

OFTEN = {"every_steps": 3, "background": False}


class Logging(Callback):
    """Log in every hook that may: what a step has drawn, and what an epoch has learned."""

    def before_train(self, trainer):
        trainer.log_text("config", trainer.config.trainer)

    def after_step(self, trainer, step):
        trainer.log_image("train/noise", torch.rand(2, 2))

    def after_epoch(self, trainer, metrics):
        trainer.log_histogram("weights", next(trainer.model.network.parameters()))
        (trainer.folder / f"{trainer.state.epoch}.txt").write_text("mine")


def logged(run):
    """Return the rows without their times, after a look at each file."""
    assert verify_run(run.path).ok
    assert sorted(row["file"] for row in artifact_rows(run.paths)) == sorted(
        path.name for path in run.paths.artifacts.iterdir()
    )
    return [{k: v for k, v in row.items() if k not in ("time", "path")} for row in run.artifacts()]


@pytest.fixture
def whole(make, tmp_path):
    """A run that nobody has stopped."""
    make(work_dir=tmp_path / "whole", callbacks=[Logging()]).fit()
    return Run(tmp_path / "whole" / "0")


@pytest.mark.parametrize("step", [2, 5])
def test_killed_and_resumed_a_training_has_logged_as_if_never_stopped(make, whole, step):
    arguments = {"checkpoint_config": OFTEN}
    with pytest.raises(Killed):
        make(callbacks=[Logging(), Killer(step)], **arguments).fit()
    make(callbacks=[Logging()], **arguments).fit(resume=0)
    run = Run(whole.path.parents[1] / "w" / "0")
    assert logged(run) == logged(whole)
    assert len(run.artifacts("train/noise")) == 8
    assert [row["kind"] for row in run.artifacts("config")] == ["text"]


def test_what_was_logged_after_the_restored_step_is_set_aside(make):
    with pytest.raises(Killed):
        make(callbacks=[Logging(), Killer(5)], checkpoint_config=OFTEN).fit()
    run = Run(make().config.work_dir + "/0")
    (run.paths.files / "notes.txt").write_text("of the user")
    before = {row["file"]: row["path"].read_bytes() for row in run.artifacts()}
    make(callbacks=[Logging()], checkpoint_config=OFTEN).fit(resume=0)
    aside = {path.name: path.read_bytes() for path in run.paths.cut_artifacts(1).iterdir()}
    assert aside == {name: before[name] for name in before if name.split("-")[-2] > "00000003"}
    rows = run.paths.cut(1, run.paths.artifact_rows).read_text().splitlines()
    assert len(rows) == len(aside) == 3  # two images, and the histogram of the epoch's end
    assert {path.name for path in run.paths.files.iterdir()} == {"1.txt", "2.txt", "notes.txt"}


def test_a_run_that_fails_has_all_that_was_logged(make):
    class Failing(Logging):
        def after_step(self, trainer, step):
            super().after_step(trainer, step)
            trainer.log_figure("f", None)

    with pytest.raises(Exception, match="a figure is one of matplotlib, not a NoneType"):
        (trainer := make(callbacks=[Failing()])).fit()
    assert [row["name"] for row in trainer.run.artifacts()] == ["config", "train/noise"]


def test_outside_of_a_training_nothing_is_logged_and_before_it_there_is_no_folder(make):
    trainer = make()
    with pytest.raises(RunError, match="no run is claimed yet"):
        _ = trainer.folder
    for call in (trainer.log_image, trainer.log_text, trainer.log_figure, trainer.log_histogram):
        with pytest.raises(RunError, match="no training is under way"):
            call("a", torch.zeros(2, 2))
    trainer.fit()
    assert trainer.folder == trainer.run.paths.files
    assert not trainer.run.paths.artifacts.exists()


def test_the_newest_alone_are_kept_where_the_config_says_so(make):
    sections = {"logging_config": {"keep_artifacts": 3}, "checkpoint_config": OFTEN}
    with pytest.raises(Killed):
        make(callbacks=[Logging(), Killer(5)], **sections).fit()
    make(callbacks=[Logging()], **sections).fit(resume=0)
    run = Run(make().config.work_dir + "/0")
    assert [row["step"] for row in run.artifacts("train/noise")] == [6, 7, 8]
    assert len(list(artifact_rows(run.paths))) == 11
    assert verify_run(run.path).ok


def test_verify_tells_of_a_file_that_changed_or_is_gone(whole):
    first, second, *_ = whole.artifacts()
    first["path"].write_text("other")
    second["path"].unlink()
    problems = [problem.file for problem in verify_run(whole.path).problems]
    assert problems == [f"artifacts/{first['file']}", f"artifacts/{second['file']}"]


def test_a_checkpoint_knows_where_the_rows_ended(whole):
    record = read_record(Run(whole.path).checkpoints()[-1] / "checkpoint.json")
    assert record["streams"]["artifacts.jsonl"] == whole.paths.artifact_rows.stat().st_size
