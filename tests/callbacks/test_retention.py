"""What is kept: by number, newest and best always, nothing of anybody else's deleted."""

import json
import shutil
from pathlib import Path

import pytest

from stride.callbacks.monitor import Monitor
from stride.callbacks.retention import RetentionPolicy
from stride.config.sections.checkpoint import CheckpointConfig
from stride.engine.checkpoint.checkpoint import write_state
from stride.engine.state import TrainState
from stride.runs.files.atomic import remove_folder
from stride.runs.layout import RunPaths, checkpoint_position
from tests.sealed import change_record

FORMAT_1 = Path(__file__).parents[1] / "runs" / "format_1" / "0"


@pytest.fixture
def paths(tmp_path):
    return RunPaths(tmp_path)


def kept(mode="min", **config):
    return RetentionPolicy(CheckpointConfig(**config), Monitor("loss", mode))


def write(paths, values):
    """Write a checkpoint for each name and value."""
    for step, (name, value) in enumerate(values.items()):
        state = TrainState()
        state.step, state.epoch = step, checkpoint_position(name)[0]
        paths.checkpoint(name).path.mkdir(parents=True)
        write_state(paths.checkpoint(name).path, state, value=value)


EPOCHS = {f"m_epoch_{n}": value for n, value in [(9, 1), (89, 5), (99, 5), (109, 5), (149, 5)]}


def test_epochs_count_as_numbers(paths):
    write(paths, EPOCHS)
    ours = kept(keep_last=2, keep_best=0)
    ours.adopt(paths, "m_epoch_149")
    index = ours.choose()
    ours.delete_others(paths, remove_folder)
    assert paths.checkpoint_names() == ["m_epoch_109", "m_epoch_149"]
    assert index["last"] == "m_epoch_149"


@pytest.mark.parametrize("inside", [False, True])
def test_where_no_training_can_begin_inside_an_epoch_the_newest_border_stays(paths, inside):
    write(paths, EPOCHS | {"m_epoch_149_step_7": None, "m_epoch_149_step_8": None})
    for step, name in ((7, "m_epoch_149_step_7"), (8, "m_epoch_149_step_8")):
        change_record(paths.checkpoint(name).record, position=step)
    ours = RetentionPolicy(
        CheckpointConfig(keep_last=1, keep_best=0), Monitor("loss", "min"), inside=inside
    )
    ours.adopt(paths, "m_epoch_149_step_8")
    entries = ours.choose()["entries"]
    border = [] if inside else ["m_epoch_149"]
    assert [entry["name"] for entry in entries] == [*border, "m_epoch_149_step_8"]


def test_newest_best_and_milestones_stay(paths):
    write(paths, EPOCHS | {"m_epoch_149_step_7": None})
    ours = kept(keep_last=1, keep_best=1, keep_every=89)
    ours.adopt(paths, "m_epoch_149_step_7")
    index = ours.choose()
    ours.delete_others(paths, remove_folder)
    assert paths.checkpoint_names() == ["m_epoch_9", "m_epoch_89", "m_epoch_149_step_7"]
    assert (index["best"], index["last"]) == ("m_epoch_9", "m_epoch_149_step_7")
    assert [entry["value"] for entry in index["entries"]] == [1.0, 5.0, None]


def test_a_step_inside_a_milestone_epoch_is_none(paths):
    write(paths, {"m_epoch_2_step_7": None, "m_epoch_3": None})
    ours = kept(keep_last=1, keep_every=2)
    ours.adopt(paths, "m_epoch_3")
    assert [entry["name"] for entry in ours.choose()["entries"]] == ["m_epoch_3"]


@pytest.mark.parametrize("mode, best", [("min", "m_epoch_2"), ("max", "m_epoch_1")])
def test_the_best_is_the_first_of_equal_ones_and_never_nan(paths, mode, best):
    values = {
        "m_epoch_0": float("nan"),
        "m_epoch_1": 4.0,
        "m_epoch_2": 3.0,
        "m_epoch_3": 3.0,
        "m_epoch_4": 4.0,
    }
    write(paths, values)
    ours = kept(mode)
    ours.adopt(paths, "m_epoch_4")
    assert ours.choose()["best"] == best


def test_folders_of_other_names_and_files_stay(paths):
    write(paths, {"m_epoch_1": None, "m_epoch_2": None})
    for name in ("notes", "m_epoch_1.bak", ".tmp-ab-m_epoch_1"):
        (paths.checkpoints / name).mkdir()
    (paths.checkpoints / "m_epoch_0").write_text("mine")
    ours = kept(keep_last=1)
    ours.adopt(paths, "m_epoch_2")
    ours.choose()
    ours.delete_others(paths, remove_folder)
    left = {path.name for path in paths.checkpoints.iterdir()}
    assert left == {"notes", "m_epoch_1.bak", ".tmp-ab-m_epoch_1", "m_epoch_0", "m_epoch_2"}


def test_what_lies_after_the_restored_one_is_no_entry_and_goes_at_the_next_choice(paths):
    write(paths, EPOCHS)
    ours = kept(keep_last=9)
    ours.adopt(paths, "m_epoch_99")
    assert ours.newest() == (2, 99)
    names = [entry["name"] for entry in ours.choose()["entries"]]
    assert names == ["m_epoch_9", "m_epoch_89", "m_epoch_99"]
    ours.delete_others(paths, remove_folder)
    assert paths.checkpoint_names() == names


def test_one_whose_record_is_broken_is_forgotten_with_a_warning(paths, caplog):
    write(paths, EPOCHS)
    paths.checkpoint("m_epoch_9").record.write_text("{")
    ours = kept(keep_last=9)
    ours.adopt(paths, "m_epoch_149")
    assert len(ours.choose()["entries"]) == 4
    assert "m_epoch_9 is forgotten" in caplog.text


def test_adopting_gives_what_the_index_said(paths):
    write(paths, EPOCHS)
    ours = kept(keep_last=9)
    ours.adopt(paths, "m_epoch_149")
    again = kept(keep_last=9)
    for name in reversed(EPOCHS):
        again.add(name, json.loads(paths.checkpoint(name).record.read_text()))
    again.add("m_epoch_9", json.loads(paths.checkpoint("m_epoch_9").record.read_text()))
    assert again.choose() == ours.choose()


def test_values_of_format_1_come_from_the_index(tmp_path):
    run = RunPaths(shutil.copytree(FORMAT_1, tmp_path / "0"))
    index = json.loads(run.checkpoint_index.read_text())
    ours = kept()
    ours.adopt(run, "mlp_digits_default_epoch_3")
    assert ours.choose()["entries"] == index["entries"]
    assert ours.choose()["best"] == index["best"]


def test_a_run_without_checkpoints_has_no_newest(paths):
    assert kept().newest() is None
    assert kept().choose()["last"] is None
