"""Training on a CUDA device: every precision, the same bits twice, and no wait in a step."""

import math

import pytest
import torch

from stride.callbacks.base import Callback
from stride.trainer.loaded import load_run

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
