"""A follower evaluates each checkpoint once, to the bits that the training's own evaluation has."""

import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from stride.errors import ComponentError, ConfigError, DataError, UserError
from stride.runs.evaluations.write import Evaluations, sole_evaluator
from stride.runs.files.atomic import atomic_json, read_record
from stride.runs.layout import RunPaths
from stride.runs.records.streams import EvaluationRow
from stride.runs.verify.run import verify_run
from stride.trainer.evaluation.checkpoint_model import CheckpointModel, Request
from stride.trainer.evaluation.follower import Follower, told
from stride.trainer.evaluation.waiting import WaitingCheckpoints
from stride.trainer.starts.loaded import load_run
from stride.trainer.trainer import Trainer

ALL = {"keep_last": 9, "every_epochs": 1}


def trained(make, **arguments):
    """Return the files of a run of three epochs, whose checkpoints are all there."""
    training = {"training_config": {"max_epochs": 3}, "checkpoint_config": ALL}
    trainer = make(**training, **arguments)
    trainer.fit()
    return trainer.run.paths


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """Train one such run, of which each test has a copy."""
    trainer = Trainer(
        tmp_path_factory.mktemp("once"),
        dataset_kwargs={"subsample_rate": 0.2},
        model_kwargs={"model_name": "MLP", "hidden": [16]},
        training_config={"max_epochs": 3},
        checkpoint_config=ALL,
        logging_config={"terminal_display": "off"},
    )
    trainer.fit()
    return trainer.run.path


@pytest.fixture
def paths(once, tmp_path):
    """Give the files of the copy."""
    return RunPaths(Path(shutil.copytree(once, tmp_path / "w" / "0")))


def follow(paths, *, script=(), **asked):
    """Follow a run; return the rows that come. A script is called whenever nothing waits."""
    rows: list[EvaluationRow] = []
    left = list(script)
    follower = Follower(load_run(paths.path), Request(**asked), rows.append)
    follower.follow(lambda: bool(left), lambda: left.pop(0)())
    return rows


def of_training(paths):
    """Return by step what the training itself validated."""
    rows = load_run(paths.path).metrics(rows="epochs")
    return {r["step"]: {k: v for k, v in r.items() if k.startswith("validation/")} for r in rows}


def test_the_newest_comes_first_each_once_and_with_the_bits_of_the_training(paths):
    rows = follow(paths)
    assert [row.epoch for row in rows] == [3, 2, 1]
    assert {row.step: row.values for row in rows} == of_training(paths)
    assert paths.best_evaluated.read_bytes() == paths.weights.read_bytes()
    assert told(rows[0]).startswith(f"epoch 3, step {rows[0].step}: validation/epoch_accuracy = ")
    assert follow(paths) == []


@pytest.mark.parametrize(
    "section",
    [
        {"average_config": {"kind": "ema", "decay": 0.5}},
        {"average_config": {"kind": "ema", "decay": 0.5, "evaluate": "model"}},
        {"dataset_kwargs": {"normalize": "standard", "extra_splits": {"more": {"split": "train"}}}},
    ],
)
def test_what_the_training_evaluates_is_evaluated(make, section):
    paths = trained(make, **section)
    rows = follow(paths)
    expected = of_training(paths)
    for row in rows:
        own = {name: value for name, value in row.values.items() if name.startswith("validation/")}
        assert own == expected[row.step]
    assert rows[0].splits == [
        *section.get("dataset_kwargs", {}).get("extra_splits", ()),
        "validation",
    ]


def test_a_training_may_leave_all_evaluations_to_it(make):
    training = {"max_epochs": 3, "with_validation": False}
    make(training_config=training, checkpoint_config=ALL).fit()
    plain = trained(make)
    first, second = (follow(RunPaths(plain.path.parent / name)) for name in "01")
    assert [row.values for row in first] == [row.values for row in second]
    assert [row.best_sha256 for row in first] == [row.best_sha256 for row in second]


def test_what_is_asked_for_otherwise_has_rows_of_its_own_and_is_not_the_best(paths):
    changed = ["load_data_kwargs.batch_size=9", "device=cpu"]
    (last, *_) = follow(paths, splits=("test",), metrics=("f1",), overrides=changed)
    assert last.values.keys() == {"test/loss", "test/f1"}
    assert (last.splits, last.metrics, last.overrides) == (["test"], ["f1"], changed[:1])
    assert not paths.best_evaluated.exists()
    assert len(follow(paths, overrides={"device": "cpu"})) == 3  # which changes nothing measured
    assert paths.best_evaluated.exists()
    assert follow(paths) == []


def test_a_run_under_way_is_followed_to_its_end(paths, tmp_path):
    aside = tmp_path / "aside"
    shutil.move(paths.checkpoints, aside)
    first, second, third = sorted(path.name for path in aside.glob("*_epoch_*"))

    def appears(name):
        paths.checkpoints.mkdir(exist_ok=True)
        shutil.move(aside / name, paths.checkpoints / name)

    rows = follow(paths, script=[lambda: None, *(lambda n=n: appears(n) for n in (first, second))])
    assert [row.checkpoint for row in rows] == [first, second]
    appears(third)  # whoever follows it again goes on where that was
    (row,) = follow(paths)
    assert row.checkpoint == third
    assert paths.best_evaluated.read_bytes() == paths.weights.read_bytes()


def test_checkpoints_that_go_or_are_damaged_are_told_of_and_skipped(paths, caplog):
    first, second, third = paths.checkpoint_names()
    damaged = paths.checkpoint(third).part("model")
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    rows: list[EvaluationRow] = []

    def told_of(row):
        rows.append(row)
        shutil.rmtree(paths.checkpoint(first).path, ignore_errors=True)

    follower = Follower(load_run(paths.path), Request(), told_of)
    follower.follow(lambda: False, lambda: None)
    assert [row.checkpoint for row in rows] == [second]
    assert follower.num_skipped == 2
    said = [one.getMessage() for one in caplog.records if "not evaluated" in one.getMessage()]
    assert f"the checkpoint {third} is not evaluated: " in said[0] and "damaged" in said[0]
    assert said[1] == f"the checkpoint {first} is not evaluated: it went before that"


def test_a_run_that_leaves_its_place_is_followed_no_more(paths, tmp_path, caplog):
    left = [lambda: shutil.move(paths.path, tmp_path / "away")]
    shutil.rmtree(paths.checkpoints)
    assert follow(paths, script=[*left, lambda: None]) == []
    assert f"the run has left {paths.path}: nothing more is evaluated" in caplog.text
    assert not paths.path.exists()


def follow_by_hand(path: str) -> None:
    """Follow an ended run, in a fork of the server's process."""
    run = load_run(path)
    with sole_evaluator(run.paths):
        Follower(run, Request(), print).follow(lambda: False, lambda: None)


def test_killed_at_any_moment_each_checkpoint_has_one_row(paths, server, tmp_path):
    log, here = tmp_path / "log", f"{__name__}:follow_by_hand"
    for seconds in (0.05, 0.1, 0.15, 0.2, 0.25, 0.3):
        child = server.start(here, str(paths.path), log=log)
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        server.wait(child)
        assert verify_run(paths.path).ok
    assert server.call(here, str(paths.path), log=log) == 0, log.read_text()
    rows = load_run(paths.path).evaluations()
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert len(paths.evaluations.read_text().splitlines()) == 3
    assert paths.best_evaluated.read_bytes() == paths.weights.read_bytes()


def test_steps_that_a_resumed_run_does_again_have_their_rows_already(paths):
    # Law 2: the same bits.
    assert len(follow(paths)) == 3
    for name in paths.checkpoint_names()[1:]:
        shutil.rmtree(paths.checkpoint(name).path)
    atomic_json(paths.status, read_record(paths.status) | {"state": "interrupted"})
    Trainer(paths.path.parent, logging_config={"terminal_display": "off"}).fit(resume=0)
    assert len(paths.checkpoint_names()) == 3
    assert follow(paths) == []
    assert [row["epoch"] for row in load_run(paths.path).evaluations()] == [1, 2, 3]


def test_a_checkpoint_that_was_written_again_with_other_weights_waits_again(paths):
    rows = [row.to_json() for row in follow(paths)]
    asked = {"splits": ["validation"], "overrides": []}

    def newest(rows):
        return WaitingCheckpoints(paths, asked, rows, print).newest()

    assert newest(rows) is None
    rows[1]["model_sha256"] = "0" * 64
    waiting = newest(rows)
    assert waiting is not None and waiting.name == rows[1]["checkpoint"]


def test_checkpoints_of_another_run_are_not_evaluated(paths, caplog):
    atomic_json(paths.status, read_record(paths.status) | {"uuid": "0" * 32})
    assert follow(paths) == []
    assert len([one for one in caplog.records if "it is of another run" in one.getMessage()]) == 3


def test_of_equal_ones_the_earlier_is_the_best(make):
    paths = trained(make, optimizer_kwargs={"lr": 0.0})  # so that nothing is learned
    rows = follow(paths)
    assert len({row.values["validation/epoch_loss"] for row in rows}) == 1
    assert [row.best_sha256 is not None for row in rows] == [True, True, True]
    best = Evaluations(paths).best
    assert best is not None and best["epoch"] == 1


@pytest.mark.parametrize(
    ("asked", "error", "what"),
    [
        ({"splits": ("tset",)}, DataError, "there is no split 'tset'"),
        ({"metrics": ("acuracy",)}, ConfigError, "acuracy"),
        ({"overrides": ["training_config.max_epoch=3"]}, UserError, "max_epoch"),
    ],
)
def test_mistakes_are_refused(paths, asked: dict[str, Any], error, what):
    with pytest.raises(error, match=what):
        follow(paths, **asked)


def test_a_run_that_validates_nothing_says_what_to_type(make):
    paths = trained(make, dataset_kwargs={"val_fraction": 0.0})
    with pytest.raises(DataError, match="type: --split test"):
        follow(paths)


def test_weights_that_do_not_fit_the_model_any_more_are_named(paths):
    model = CheckpointModel(load_run(paths.path), Request(overrides={"model_kwargs.hidden": [8]}))
    with pytest.raises(ComponentError, match="do not fit MLP, which has changed since"):
        model.take(paths.checkpoint(paths.checkpoint_names()[-1]))


def test_a_run_without_checkpoints_has_no_rows(paths):
    shutil.rmtree(paths.checkpoints)
    assert follow(paths) == []
    assert not paths.evaluations.exists()
