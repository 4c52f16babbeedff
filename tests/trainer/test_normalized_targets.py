"""A training whose targets are normalised: killed and resumed it has the same bits."""

import numpy as np
import pytest
import torch

from stride.runs.files.atomic import read_record
from tests.integration.same_runs import problems_of
from tests.trainer.killing import Killed, Killer


def shaken(x, y):
    """Change input and target by one draw."""
    drawn = torch.rand(())
    return x + drawn, y + drawn


def config(folder, inputs, **data):
    features = np.random.default_rng(0).normal(3.0, 2.0, (90, 4)).astype(np.float32)
    np.savez(folder / "d.npz", inputs=features, targets=1000 * features.sum(1))
    data = {"dataset_name": "arrays", "path": str(folder / "d.npz"), "normalize": inputs, **data}
    return {
        "dataset_kwargs": data | {"normalize_targets": "standard", "subsample_rate": 1.0},
        "load_data_kwargs": {"batch_size": 8},
        "checkpoint_config": {"every_steps": 5, "background": False},
        "logging_config": {"loggers": ["csv"]},
    }


@pytest.mark.parametrize(
    ("inputs", "data"),
    [("none", {}), ("minmax", {"memory_map": True, "transform": shaken})],
)
def test_killed_and_resumed_it_has_the_same_bits(make, tmp_path, inputs, data):
    given = config(tmp_path, inputs, **data)
    (whole := make(**given)).fit()
    killed = make(**given, callbacks=[Killer(11)], work_dir=tmp_path / "killed")
    with pytest.raises(Killed):
        killed.fit()
    (resumed := make(**given, work_dir=tmp_path / "killed")).fit(resume=0)
    paths = resumed.run.paths
    assert "resuming from step 10" in paths.log(0).read_text()
    assert problems_of(paths.path, whole.run.paths.path) == []
    assert read_record(paths.normalization)["targets"]["scale"][0] > 1000
    losses = [row["train/epoch_loss"] for row in whole.run.metrics() if "train/epoch_loss" in row]
    assert all(loss < 10 for loss in losses)  # of targets in their own units it is a million
    one, other = resumed.run.predict("test"), whole.run.predict("test")
    assert all(np.array_equal(one[name], other[name]) for name in one)
    assert np.abs(one["outputs"]).max() > 100
