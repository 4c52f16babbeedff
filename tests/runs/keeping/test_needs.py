"""A run that another one's config leads into, or that is being reproduced, is needed."""

import json
from pathlib import Path
from typing import Any

import pytest

from stride.errors import RunError
from stride.runs.keeping.prune import Keep, plan, require_unneeded
from stride.runs.keeping.trash import Trash
from stride.runs.layout import RunPaths
from stride.runs.writer import RunWriter


def make(folder: Path, state: str, parent: Any = None, **config: Any) -> RunPaths:
    """Write a run of a config; a running one is this process's."""
    provenance = {"folder": str(folder.parent), "parent": parent}
    writer = RunWriter.start(
        folder,
        config={"work_dir": str(folder), **config},
        provenance={k: v for k, v in provenance.items() if v is not None},
    )
    writer.status("running")
    if state != "running":
        writer.close(state)
    return writer.paths


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make(tmp_path / "w", "done")
    return tmp_path / "w"


@pytest.mark.parametrize("path", ["w/0/artifacts/x.npz", "{}/0/artifacts", "./w/../w/0"])
def test_data_in_a_run_are_needed(folder: Path, path: str) -> None:
    make(folder, "done", dataset_kwargs={"path": path.format(folder)})
    trash = Trash(folder)
    told = r"run 0 is needed by .*/w/1: its dataset_kwargs.path is .*; remove .*/w/1 first"
    with pytest.raises(RunError, match=told):
        trash.check([folder / "0"])
    trash.check([folder / "0", folder / "1"])
    trash.check([folder / "1"])


@pytest.mark.parametrize(
    "section",
    [
        {"dataset_kwargs": {"path": "w/01/x", "name": "0"}},
        {"dataset_kwargs": {"paths": ["elsewhere/0", 0]}},
        {"model_kwargs": {"init_from": "w/0"}},
        {"model_kwargs": {"init_from": {"run": "w/0", "strict": False}}},
        {"frozen": {"teacher": {"run": "w/0"}}},
        {"active_config": {"models": [{"init_from": "w/0"}]}},
    ],
)
def test_other_paths_and_start_weights_of_a_begun_run_are_not(folder: Path, section: Any) -> None:
    make(folder, "stopped", **section)
    Trash(folder).check([folder / "0"])


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ({"model_kwargs": {"init_from": ["w/0", None]}}, "model_kwargs.init_from"),
        ({"frozen": {"teacher": {"run": "w/0"}}}, "frozen.teacher.run"),
    ],
)
def test_weights_that_a_queued_run_will_copy_are_needed(
    folder: Path, section: Any, key: str
) -> None:
    run = make(folder, "done", **section)
    status = json.loads(run.status.read_text()) | {"state": "queued"}
    run.status.write_text(json.dumps(status))
    with pytest.raises(RunError, match=rf"needed by .*/w/1: its {key} is w/0"):
        Trash(folder).check([folder / "0"])


def test_what_new_runs_start_from_is_needed(folder: Path) -> None:
    config = {"model_kwargs": {"init_from": str(folder / "0")}}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(RunError, match=r"needed by .*/w/config.json"):
        Trash(folder).check([folder / "0"])


def test_the_original_is_needed_until_its_copy_has_ended(folder: Path) -> None:
    parent = {"uuid": "a" * 32, "run": str(folder / "0"), "relation": "reproduction"}
    make(folder, "done", parent)
    make(folder, "running", parent | {"relation": "fork"})
    Trash(folder).check([folder / "0"])
    make(folder, "running", parent)
    with pytest.raises(RunError, match=r"needed by .*/w/3: it reproduces it"):
        Trash(folder).check([folder / "0"])


def test_a_checkpoint_that_a_config_leads_into_is_not_pruned(folder: Path) -> None:
    name = "m_d_x_epoch_1"
    own = RunPaths(folder / "0")
    for paths in (own, make(folder, "done")):
        paths.checkpoint(name).path.mkdir(parents=True)
    make(folder, "done", dataset_kwargs={"path": f"w/0/checkpoints/{name}/x.npz"})
    require_unneeded([plan(RunPaths(folder / "1"), Keep())])
    require_unneeded([plan(own, Keep(last=True))])
    with pytest.raises(RunError, match=rf"checkpoint {name} is needed by .*/w/2: its dataset"):
        require_unneeded([plan(own, Keep()), plan(RunPaths(folder / "1"), Keep())])


def test_a_broken_config_needs_nothing(folder: Path) -> None:
    make(folder, "done").config.write_text('{"path": "w/0/"')
    Trash(folder).check([folder / "0"])
