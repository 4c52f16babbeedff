"""Whoever joins a sweep follows no import path of its folder without its owner's word."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stride import Sweeper, Trainer
from stride.errors import UserError
from stride.sweeps.joining import join, trainer_of_sweep
from stride.sweeps.sweep import Sweep, open_sweep
from stride.sweeps.trials.trial import OVERRIDES, OpenTrial

NETS = """
from pathlib import Path
from torch import nn

Path("imported").touch()

class Net(nn.Sequential):
    def __init__(self, width: int = 3) -> None:
        super().__init__(nn.Flatten(), nn.Linear(64, width), nn.Linear(width, 10))
"""
TINY = ["subsample_rate=0.05", "epochs=1", "device=cpu"]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    Path("joined_nets.py").write_text(NETS)
    yield
    sys.modules.pop("joined_nets", None)


def begun(**asked) -> Sweep:
    sweep = Sweeper(Trainer("W", overrides=TINY), **asked).begin()
    Path("imported").unlink(missing_ok=True)
    return sweep


@pytest.mark.parametrize(
    "asked",
    [
        {"grid": {"model": ["MLP", "joined_nets:Net"]}},
        {"grid": {"lr": [0.1]}, "overrides": {"model": "joined_nets:Net"}},
        {"search_space": {"model": ["joined_nets:Net"]}, "trials": 1},
    ],
)
def test_import_paths_of_trials_need_the_users_word(asked) -> None:
    sweep = begun(**asked)
    join(open_sweep(sweep.paths))  # the user's signature is their word
    assert {one.state.name for one in sweep.study.get_trials()} == {"COMPLETE"}


def edited(sweep: Sweep, name: str) -> None:
    """Let somebody else write an import path into the sweep's folder."""
    text = sweep.paths.record.read_text()
    assert '"MLP"' in text
    sweep.paths.record.write_text(text.replace('"MLP"', json.dumps(name)))


def test_a_path_that_somebody_writes_into_the_folder_is_not_followed() -> None:
    sweep = begun(grid={"lr": [0.1]}, overrides={"model": "MLP"})
    edited(sweep, "joined_nets:Net")
    with pytest.raises(UserError, match="joined_nets:Net"):
        trainer_of_sweep(open_sweep(sweep.paths))
    assert not Path("imported").exists()
    join(open_sweep(sweep.paths), trust=True)
    assert Path("imported").exists()


def test_nor_one_that_somebody_writes_at_a_trial() -> None:
    sweep = begun(grid={"model_kwargs.model_name": ["MLP"]})
    own = {"model_kwargs.model_name": "joined_nets:Net"}
    OpenTrial(sweep.study, sweep.storage, 0, {}).note(OVERRIDES, own)
    join(open_sweep(sweep.paths))
    assert not Path("imported").exists()
    ended = open_sweep(sweep.paths).study.get_trials()[0]
    assert ended.state.name == "FAIL" and "joined_nets:Net" in ended.user_attrs["error"]
