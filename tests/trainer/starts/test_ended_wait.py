"""A training that a signal ended where no batch came goes on with the same bits."""

import json
import multiprocessing
import signal
import threading
import time

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from stride.callbacks.base import Callback
from stride.engine import signals
from stride.engine.signals import Interrupted
from stride.runs.fingerprints import read_fingerprints
from stride.runs.run import Run
from stride.trainer.trainer import Trainer

CONTEXT = multiprocessing.get_context("fork")
ARMED, BEGUN = CONTEXT.Event(), CONTEXT.Event()


class Points(Dataset):
    """Points that are moved at random, until one hangs."""

    def __init__(self, split: str = "train"):
        self.size = 32 if split == "train" else 4

    def __len__(self):
        return self.size

    def __getitem__(self, i):
        moved = torch.rand(())
        while ARMED.is_set():
            BEGUN.set()
            time.sleep(600)
        return torch.tensor([i / 32, moved]), torch.tensor([2.0 * i / 32])


class Arm(Callback):
    """Let no further sample be made once so many steps are done, and signal the process then."""

    def __init__(self, step):
        self.step = step

    def after_step(self, trainer, step):
        if trainer.state.step == self.step:
            ARMED.set()
            threading.Thread(target=self.signal, daemon=True).start()

    def signal(self):
        assert BEGUN.wait(30)
        time.sleep(0.2)  # until it certainly sleeps: a signal before would not wake it
        signal.pthread_kill(threading.main_thread().ident, signal.SIGTERM)


@pytest.fixture(autouse=True)
def calm(monkeypatch):
    monkeypatch.setattr(signals, "PATIENCE", 0.1)
    yield
    ARMED.clear()
    BEGUN.clear()


def trainer(work_dir, kind, *callbacks):
    torch.manual_seed(4)
    config = {"model_kwargs": {"model_name": nn.Linear, "in_features": 2, "out_features": 1}}
    if kind.startswith("given"):
        workers = int(kind[-1])
        config["train_loader"] = DataLoader(Points(), 4, shuffle=True, num_workers=workers)
    else:
        config["dataset_kwargs"] = {"dataset_name": Points}
        config["load_data_kwargs"] = {"batch_size": 4, "num_workers": int(kind[-1])}
    return Trainer(
        work_dir,
        criterion_kwargs={"criterion_name": "MSELoss"},
        training_config={"metrics": [], "with_validation": False, "max_epochs": 2},
        checkpoint_config={"every_steps": 2},
        logging_config={"terminal_display": "off"},
        callbacks=callbacks,
        **config,
    )


def fingerprints(work_dir):
    return [*read_fingerprints(Run(work_dir / "0").paths.fingerprints)]


def rows(work_dir):
    return [{k: v for k, v in row.items() if k != "time"} for row in Run(work_dir / "0").metrics()]


@pytest.mark.parametrize(
    ("kind", "step", "saved"),
    [
        ("config 0", 11, {11}),
        ("given 1", 11, {11, 12, 13}),  # what the worker had made is trained on
        ("given 0", 11, {10}),  # it has drawn from the global state: the checkpoint before stands
    ],
)
def test_what_is_saved_of_an_ended_wait_is_exact(tmp_path, kind, step, saved):
    others = set(multiprocessing.active_children())
    trainer(tmp_path / "whole", kind).fit()
    with pytest.raises(Interrupted, match="SIGTERM"):
        trainer(tmp_path / "ended", kind, Arm(step)).fit()
    for worker in set(multiprocessing.active_children()) - others:
        worker.join(30)  # it was told to end, and takes its time under load
    assert set(multiprocessing.active_children()) <= others
    run = Run(tmp_path / "ended" / "0")
    assert run.status["state"] == "interrupted"
    index = json.loads(run.paths.checkpoint_index.read_text())
    assert index["entries"][-1]["step"] in saved
    ARMED.clear()
    trainer(tmp_path / "ended", kind).fit(resume=0)
    assert rows(tmp_path / "ended") == rows(tmp_path / "whole")
    assert fingerprints(tmp_path / "ended") == fingerprints(tmp_path / "whole")
