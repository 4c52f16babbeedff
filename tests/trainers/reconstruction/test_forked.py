"""A fork of a reconstruction with other options: what it goes on with, and what starts over."""

from pathlib import Path

from tests.trainers.reconstruction.trainings import fitted, made, record_of, rows_of

SHORT = {"training_config": {"max_epochs": 2}}
LONGER = {"training_config.max_epochs": 4}


def test_without_a_history_the_last_weights_are_final_whatever_was_the_best(tmp_path: Path) -> None:
    fitted(tmp_path, **SHORT)  # its second epoch is worse
    fork = made(tmp_path)
    off = {"reconstruction_config.history": "off", "training_config.max_epochs": 3}
    fork.fork(0, "last", off)
    final, row = record_of(fork), rows_of(fork)[-1]
    assert final.epoch == int(row["epoch"]) == 3
    assert final.splits["val"].errors["l1"].mean == float(row["val/l1"])


def test_another_optimizer_knows_nothing_of_what_the_first_one_knew(tmp_path: Path) -> None:
    config = {
        "optimizer_kwargs": {"optimizer_name": "SGD", "lr": 0.1, "momentum": 0.9},
        "reconstruction_config": {"optimizer_state": "restore"},
    }
    fitted(tmp_path, **config, **SHORT)
    fork = made(tmp_path, **config)
    adam = {"optimizer_kwargs.optimizer_name": "Adam", "optimizer_kwargs.lr": 9.0}
    fork.fork(0, "last", LONGER | adam)  # at which rate all gets worse
    assert [row["swapped"] for row in rows_of(fork)[3:]] == ["1", "1"]
    log = fork.run.paths.log(0).read_text()
    assert "starts over: optimizer, optimizer-best, schedule\n" in log


def test_rows_of_other_columns_stand_in_one_table(tmp_path: Path) -> None:
    """A fork measures other errors and no test split; killed or not, it writes checkpoints."""
    fitted(tmp_path, **SHORT)
    fork = made(tmp_path)
    errors = {"reconstruction_config.errors": ["l2", "max"], "training_config.with_test": False}
    fork.fork(0, "last", errors | LONGER)
    rows = rows_of(fork)
    assert [row["epoch"] for row in rows] == ["0", "1", "2", "3", "4"]
    assert [bool(row["test/l1"]) for row in rows] == [True] * 3 + [False] * 2
    again = made(tmp_path)
    again.fork(1, "last", {"reconstruction_config.errors": ["l1"], "training_config.max_epochs": 5})
    assert rows_of(again)[:5] == rows
    assert [bool(row["train/l1"]) for row in rows_of(again)] == [True] * 3 + [False] * 2 + [True]
