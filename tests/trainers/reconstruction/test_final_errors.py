"""What final_errors.safetensors says beside errors: anomalies and ROC curves."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

from stride import Trainer


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Train an autoencoder for an epoch; return the paths of its run."""
    small = {"num_train": 32, "num_val": 16, "num_test": 24, "length": 32}
    trainer = Trainer(
        tmp_path_factory.mktemp("w"),
        trainer="reconstruction",
        dataset_kwargs={"dataset_name": "sines", **small},
        model_kwargs={"model_name": "FeedForwardAE"},
        training_config={"max_epochs": 1},
        logging_config={"terminal_display": "off"},
    )
    trainer.fit()
    return trainer.run.paths


def test_samples_with_an_anomaly_are_told(run):
    found = load_file(run.final_errors)
    assert found["test/anomalous"].any() and not found["test/anomalous"].all()
    assert not found["val/anomalous"].any()


@pytest.mark.parametrize(("unit", "at"), [("snippets", 0), ("points", 1)])
def test_the_area_under_each_curve_is_the_recorded_one(run, unit, at):
    found = load_file(run.final_errors)
    false, true = found[f"test/roc/{unit}"]
    record = json.loads(run.reconstruction.read_text())["splits"]["test"]["detection"][at]
    assert np.trapezoid(true, false) == pytest.approx(record["values"]["score"]["roc_auc"], 1e-6)
    assert f"val/roc/{unit}" not in found
