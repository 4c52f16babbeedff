"""Killed while artifacts are encoded and resumed, a process leaves those of a whole run."""

import signal
import sys
import time
from pathlib import Path

import pytest

from stride.runs.artifacts.read import artifact_rows
from stride.runs.layout import RunPaths
from stride.runs.verify.run import verify_run

PROGRAM = """
import sys, torch
from stride import Callback, Trainer
class Logging(Callback):
    def after_step(self, trainer, step):
        trainer.log_image("noise", torch.rand(3, 128, 128))
    def after_epoch(self, trainer, metrics):
        trainer.log_histogram("weights", next(trainer.model.network.parameters()))
if __name__ == "__main__":
    trainer = Trainer(
        sys.argv[1],
        callbacks=[Logging()],
        model_kwargs={"model_name": "MLP"},
        training_config={"max_epochs": 4},
        checkpoint_config={"every_steps": 7},
        logging_config={"terminal_display": "off", "loggers": ["csv"]},
    )
    trainer.fit(**({"resume": 0} if len(sys.argv) > 2 else {}))
"""


def logged(run: RunPaths) -> list[dict[str, object]]:
    return [{k: v for k, v in row.items() if k != "time"} for row in artifact_rows(run)]


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM])
def test_killed_while_artifacts_are_written(popen, tmp_path: Path, sent: signal.Signals) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    program = [sys.executable, "program.py"]
    assert popen([*program, "whole"], cwd=tmp_path).wait() == 0
    process, run = popen([*program, "w"], cwd=tmp_path), RunPaths(tmp_path / "w" / "0")
    while not (run.artifacts.is_dir() and len(list(run.artifacts.iterdir())) > 20):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(sent)
    assert process.wait() != 0
    assert verify_run(run.path).ok
    assert popen([*program, "w", "resume"], cwd=tmp_path).wait() == 0
    assert verify_run(run.path).ok
    assert logged(run) == logged(RunPaths(tmp_path / "whole" / "0"))
    assert {path.name for path in run.artifacts.iterdir()} == {row["file"] for row in logged(run)}
