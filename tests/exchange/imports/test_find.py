"""The format of a source is found by looking."""

import shutil
from pathlib import Path

import pytest

from stride.errors import RunError, UserError
from stride.exchange.imports.find import find_places
from tests.exchange.imports.sources import RECORDED, imported


def test_all_runs_below_a_folder_are_found_in_order() -> None:
    found = [(place.tool, place.name) for place in find_places(RECORDED)]
    assert found == [
        ("lightning", "recorded/lightning/version_0"),
        ("tensorboard", "recorded/tensorboard/lightning"),
        ("tensorboard", "recorded/tensorboard/tensorboardX"),
        ("tensorboard", "recorded/tensorboard/tensors"),
        ("tensorboard", "recorded/tensorboard/torch"),
        ("wandb", "axes"),
        ("wandb", "steps"),
    ]
    assert {place.tool for place in find_places(RECORDED, "wandb")} == {"wandb"}


def test_a_file_is_a_source_too() -> None:
    path = RECORDED / "wandb/offline-run-axes/run-axes.wandb"
    assert [place.path for place in find_places(path)] == [path]
    (place,) = find_places(RECORDED / "lightning/version_0/metrics.csv")
    assert [file.name for file in place.files] == ["metrics.csv", "hparams.yaml"]


def test_links_to_other_runs_are_not_followed(tmp_path: Path) -> None:
    shutil.copytree(RECORDED / "wandb", tmp_path / "wandb")
    (tmp_path / "wandb/latest-run").symlink_to("offline-run-axes")
    assert len(find_places(tmp_path)) == 2


def test_two_tools_in_one_folder_have_to_be_told_apart(tmp_path: Path) -> None:
    shutil.copytree(RECORDED / "lightning", tmp_path / "logs")
    events = RECORDED / "tensorboard/lightning/events.out.tfevents.0.recorder"
    shutil.copy(events, tmp_path / "logs/version_0")
    with pytest.raises(RunError, match="TensorBoard and Lightning have both written here") as no:
        find_places(tmp_path / "logs")
    assert no.value.hint.endswith("--from tensorboard, or lightning")
    (place,) = find_places(tmp_path / "logs", "lightning")
    assert place.tool == "lightning"


def test_runs_of_stride_are_not_looked_into(tmp_path: Path) -> None:
    found = imported(RECORDED / "lightning/version_0", tmp_path / "w")
    shutil.copytree(RECORDED / "tensorboard/torch", found.path / "tensorboard")
    with pytest.raises(RunError, match="a run of STRIDE already"):
        find_places(found.path)
    with pytest.raises(RunError, match=r"no run of TensorBoard, Lightning's CSV logger or W&B"):
        find_places(tmp_path / "w")


def test_mistakes_say_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="did you mean 'wandb'"):
        find_places(tmp_path, "wandbb")
    with pytest.raises(RunError, match="there is nothing here"):
        find_places(tmp_path / "nothing")
    with pytest.raises(RunError, match=r"events\.out\.tfevents"):
        find_places(tmp_path)
