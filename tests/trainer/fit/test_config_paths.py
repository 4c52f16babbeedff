"""Relative paths lead where they led when they were given, wherever the program goes."""

import os
import shutil
from pathlib import Path

import pytest
import torch
from torch.utils.data import Dataset

from stride.callbacks.base import Callback
from stride.config import Resolved, resolve_layers
from stride.config.sections.model import StartWeights
from stride.errors import ConfigError, LostRun
from stride.runs.run import Run
from stride.trainer.fit.config_paths import placed_data, placed_weights
from stride.trainer.starts.loaded import load_run
from stride.trainer.trainer import Trainer


class Lazy(Dataset):
    """Opens its file with every sample."""

    num_classes = 2

    def __init__(self, root: str):
        self.root = root

    def __len__(self):
        return 12

    def __getitem__(self, i):
        row = Path(self.root, "rows.txt").read_text().split()[i]
        return torch.tensor([float(row), 1.0]), i % 2


class Go(Callback):
    def __init__(self, folder):
        self.folder = folder

    def before_epoch(self, trainer):
        os.chdir(self.folder)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Stand in a folder with data; there is another one."""
    for name in ("here", "there"):
        (tmp_path / name / "data").mkdir(parents=True)
    (tmp_path / "here" / "data" / "rows.txt").write_text(" ".join(map(str, range(12))))
    (tmp_path / "here" / "t.csv").write_text(
        "a,b,y\n" + "".join(f"{i},1,{i % 2}\n" for i in range(12))
    )
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


TABLE = {"dataset_name": "table", "path": "t.csv", "target": "y"}
NAME = "mlp_table_default_epoch_1"
LAZY = {"dataset_name": Lazy, "root": "data"}


def made(data, **arguments):
    return Trainer(
        "w",
        dataset_kwargs=data,
        model_kwargs={"model_name": "MLP", "hidden": [4], **arguments.pop("model_kwargs", {})},
        training_config={"max_epochs": 1},
        logging_config={"terminal_display": "off"},
        **arguments,
    )


@pytest.mark.parametrize("data", [TABLE, LAZY])
def test_a_change_of_the_folder_between_two_calls_or_in_a_hook_changes_nothing(here, data):
    there = here.parent / "there"
    trainer = made(data, callbacks=[Go(there)])
    os.chdir(there)
    trainer.fit()
    run = load_run(here / "w", 0)
    assert run.state == "done" and not (there / "w").exists()
    assert trainer.fit(resume=0, max_epochs=2) is not None
    trainer.fork(0, "last", {"training_config.max_epochs": 3})
    assert trainer.reproduce(0).identical
    assert trainer.load_run(0).evaluate()
    recorded = [Run(here / "w" / name).raw_config for name in ("0", "1")]
    place = "path" if "path" in data else "root"
    assert [one["dataset_kwargs"][place] for one in recorded] == [data[place]] * 2
    assert recorded[0]["work_dir"] == "w"
    os.chdir(here)
    loaded = load_run("w", 0)
    os.chdir(there)
    assert loaded.evaluate() and loaded.metrics()


def test_weights_are_found_from_where_their_path_was_given(here):
    made(TABLE).fit()
    trainer, other = made(TABLE, model_kwargs={"init_from": "w/0"}), made(TABLE)
    os.chdir(here.parent / "there")
    trainer.fit()
    assert trainer.config.model_kwargs.init_from == "w/0"
    os.chdir(here / "w" / "0")
    assert other.fit(max_epochs=2, trainer_state=f"checkpoints/{NAME}") > 0


def test_what_is_no_path_stays_as_typed(here):
    resolved = resolve_layers(work_dir="w")
    hub = {"dataset_name": "my:Hub", "path": "imdb", "root": "s3://bucket/x"}
    assert placed_data(hub, resolved) == hub
    assert placed_data({**hub, "root": Path("data")}, resolved)["root"] == here / "data"
    os.chdir("data")
    assert placed_data({"dataset_name": "table", "path": "u.csv"}, resolved)["path"] == str(
        here / "u.csv"
    )
    assert placed_weights(["a", None], resolved) == [str(here / "a"), None]
    assert placed_weights(StartWeights(run="a"), resolved) == StartWeights(run=str(here / "a"))


def test_a_current_folder_that_is_gone_is_one_line_and_keeps_known_paths(here):
    (here / "gone").mkdir()
    resolved = resolve_layers(work_dir="w")
    os.chdir("gone")
    (here / "gone").rmdir()
    assert resolved.work_dir == str(here / "w")
    with pytest.raises(ConfigError, match="the current folder is gone"):
        Resolved(resolved.config, {})


@pytest.mark.parametrize("gone", ["w", "w/0"])
def test_a_run_whose_folder_is_removed_is_an_error_and_is_not_made_anew(here, gone):
    class Remove(Callback):
        def before_epoch(self, trainer):
            shutil.rmtree(here / gone)

    with pytest.raises(LostRun, match="its folder is gone"):
        Trainer(
            "w",
            dataset_kwargs=TABLE,
            model_kwargs={"model_name": "MLP", "hidden": [4]},
            training_config={"max_epochs": 1},
            logging_config={"terminal_display": "off", "loggers": ["csv", "tensorboard"]},
            callbacks=[Remove()],
        ).fit()
    assert not (here / gone).exists()


def test_data_of_the_work_dir_is_found_there_unless_it_is_nearer(here):
    for name in ("w.csv", "t.csv"):
        (here.parent / "there" / name).touch()
    resolved = resolve_layers(work_dir="../there")
    tried = {path: placed_data({**TABLE, "path": path}, resolved) for path in ("w.csv", "t.csv")}
    assert tried["w.csv"]["path"] == "../there/w.csv" and tried["t.csv"]["path"] == "t.csv"
    assert placed_data({**TABLE, "path": "none"}, resolved)["path"] == "none"
    hub = {"dataset_name": "my:Hub", "root": "w.csv"}
    assert placed_data(hub, resolved)["root"] == "w.csv"  # which it may have another meaning for
