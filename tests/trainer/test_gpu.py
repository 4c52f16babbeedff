"""Training on a CUDA device: every precision, the same bits twice, and no wait in a step."""

import math

import pytest
import torch
from torch import nn

from stride.callbacks.base import Callback
from stride.trainer.starts.loaded import load_run
from tests.trainer.killing import Killed, Killer

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
@pytest.mark.parametrize("model", ["MLP", "CNN"])
def test_a_run_on_a_gpu_trains_and_loads_on_the_cpu(make, precision, model):
    trainer = make(
        device="cuda",
        model_kwargs={"model_name": model, "hidden": [16]},
        training_config={"precision": precision, "max_epochs": 3},
    )
    assert math.isfinite(trainer.fit())
    assert trainer.model.device.type == "cuda"
    run = load_run(trainer.run.paths.path)
    assert next(iter(run.model.parameters())).device.type == "cpu"
    assert "H" in run.provenance["devices"][0] or run.provenance["devices"][0] != "cpu"


def test_deterministic_training_gives_the_same_bits_twice(make, tmp_path):
    digests = set()
    for name in "ab":
        trainer = make(
            work_dir=tmp_path / name,
            device="cuda",
            model_kwargs={"model_name": "CNN", "hidden": [16]},
            training_config={"deterministic": True},
        )
        trainer.fit()
        digests.add(trainer.results["weights_sha256"])
    assert len(digests) == 1


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_killed_and_resumed_on_a_gpu_a_run_has_the_same_bits(make, tmp_path, precision):
    def fit(name, resume=None, callbacks=()):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.Dropout(0.5), nn.Linear(16, 10))
        trainer = make(
            work_dir=tmp_path / name,
            device="cuda",
            training_config={"deterministic": True, "precision": precision},
            checkpoint_config={"every_steps": 2},
            callbacks=callbacks,
        )
        trainer.set_model(network)
        trainer.fit(resume=resume)
        return load_run(trainer.run.paths.path)

    whole = fit("whole")
    with pytest.raises(Killed):
        fit("killed", callbacks=[Killer(5)])
    resumed = fit("killed", resume=0)
    assert resumed.results["weights_sha256"] == whole.results["weights_sha256"]
    assert [row["train/loss"] for row in resumed.metrics() if "train/loss" in row] == [
        row["train/loss"] for row in whole.metrics() if "train/loss" in row
    ]


class Strict(Callback):
    """Make every wait for the device an error between the first and the last step."""

    def __init__(self, last):
        self.last = last

    def after_step(self, trainer, step):
        trainer.log("mine/loss", step.loss)
        torch.cuda.set_sync_debug_mode("error" if trainer.state.step < self.last else "default")

    def on_exception(self, trainer, error):
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_no_step_waits_for_the_gpu(make, precision):
    # Law 10; the background thread reads what was logged, which is not the step's wait.
    options = {
        "device": "cuda",
        "model_kwargs": {"model_name": "MLP", "hidden": [16]},
        "load_data_kwargs": {"batch_size": 8},
        "training_config": {
            "max_epochs": 1,
            "log_interval": 1000,
            "precision": precision,
            "clip_grad_norm": 1.0,
        },
    }
    steps = len(make(**options).data.train_loader)
    trainer = make(**options, callbacks=[Strict(steps)])
    trainer.fit()
    assert trainer.state.step == steps
