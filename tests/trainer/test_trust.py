"""What I started goes on without a question, wherever it lies; without a key I am asked once."""

import json
import shutil
from pathlib import Path

import pytest
from torch import Tensor, nn

from stride import Trainer, load_run
from stride.errors import UserError
from stride.runs.signing.signature import vouched_run


class Net(nn.Module):
    """A network of the user's."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(64, 10)

    def forward(self, images: Tensor) -> Tensor:
        answer: Tensor = self.layer(images.flatten(1))
        return answer


OWN = {
    "dataset_kwargs": {"subsample_rate": 0.05},
    "model_kwargs": {"model_name": f"{__name__}:Net"},
    "training_config": {"max_epochs": 1},
    "logging_config": {"terminal_display": "off"},
}


def test_what_i_started_goes_on_without_a_question(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path / "w", **OWN)
    trainer.fit()
    trainer.fit(resume=0, max_epochs=2)
    moved = Path(shutil.move(tmp_path / "w", tmp_path / "v"))
    shutil.copytree(moved / "0", moved / "copy")
    assert isinstance(load_run(moved, 0).model, Net)
    assert "test/loss" in load_run(moved, "copy").evaluate()
    other = Trainer(moved, logging_config={"terminal_display": "off"})
    other.fork(0, overrides={"training_config.max_epochs": 3})
    assert other.reproduce(0, steps=2).identical
    other.fit(resume="copy", max_epochs=3)
    assert {vouched_run(moved / name).fault for name in ("0", "1", "2", "copy")} == {""}


def test_without_a_key_it_is_told_once_and_asked_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    trainer = Trainer(tmp_path / "w", **OWN)
    trainer.fit()
    assert [r.getMessage() for r in caplog.records if "--trust" in r.getMessage()] == [
        f"no key can be kept in {tmp_path / 'state' / 'stride'}: the run is not signed, and who "
        "takes it up types --trust"
    ]
    assert not trainer.run.paths.signature.exists()
    with pytest.raises(UserError, match=r"trust_code=True"):
        Trainer(tmp_path / "w").fit(resume=0, max_epochs=2)
    trainer.fit(resume=0, max_epochs=2)  # this process has it from me
    run = load_run(tmp_path / "w", 0)
    assert isinstance(run.load_model(trust_code=True), Net)
    monkeypatch.delenv("XDG_STATE_HOME")
    caplog.clear()
    built_in = {**OWN, "model_kwargs": {"model_name": "MLP"}}
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    Trainer(tmp_path / "u", **built_in).fit()
    assert "--trust" not in caplog.text


def test_a_run_that_is_not_mine_does_not_become_mine_by_going_on(tmp_path: Path) -> None:
    built_in = {**OWN, "model_kwargs": {"model_name": "MLP"}}
    trainer = Trainer(tmp_path / "w", **built_in)
    trainer.fit()
    paths = trainer.run.paths
    paths.signature.unlink()
    paths.code_patch.write_text("theirs")
    trainer.fit(resume=0, max_epochs=2)
    assert not paths.signature.exists()
    trainer.fit(resume=0, max_epochs=3, trust_code=True)
    assert vouched_run(paths.path).fault == ""
    assert json.loads(paths.signature.read_text())["code"].keys() >= {"code.patch"}
