"""A run predicts its splits, arrays and loaders, with the weights and statistics that it has."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from stride.errors import DataError, UserError
from stride.runs.files.atomic import read_record
from stride.trainer.starts.loaded import load_run
from stride.trainer.trainer import Trainer


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "d.npz"
    inputs = np.random.default_rng(0).normal(3.0, 2.0, (60, 4)).astype(np.float32)
    np.savez(path, inputs=inputs, targets=inputs.sum(1))
    return path, inputs


def trained(folder, path, model="MLP", **sections):
    config = {
        "dataset_kwargs": {"dataset_name": "arrays", "path": str(path), "normalize": "standard"},
        "load_data_kwargs": {"batch_size": 8},
        "model_kwargs": {"model_name": model},
        "training_config": {"max_epochs": 1},
        "logging_config": {"terminal_display": "off"},
    }
    for name, values in sections.items():
        config[name] = config.get(name, {}) | values
    trainer = Trainer(folder, **config)
    trainer.fit()
    return load_run(folder, 0)


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    """A regression on normalised inputs."""
    return trained(tmp_path_factory.mktemp("w") / "w", data[0])


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_split_has_its_samples_in_order_each_with_its_number(run, data, split):
    found, (_, inputs) = run.predict(split), data
    numbers = found["sample"]
    assert (np.diff(numbers) > 0).all() and len(numbers) > 2
    assert np.allclose(found["targets"].ravel(), inputs[numbers].sum(1), atol=1e-5)
    alone = run.predict(inputs[numbers], batch_size=7)
    assert np.allclose(found["outputs"], alone["outputs"], atol=1e-6)
    assert list(alone["sample"]) == [*range(len(numbers))] and "targets" not in alone


def test_the_splits_are_all_samples_and_the_batch_size_changes_nothing(run):
    numbers = [run.predict(split)["sample"] for split in ("train", "val", "test")]
    assert sorted(np.concatenate(numbers)) == [*range(60)]
    one, other = run.predict("test"), run.predict("test", batch_size=3)
    assert np.allclose(one["outputs"], other["outputs"], atol=1e-6)


def test_a_split_has_its_numbers_by_any_of_its_names(run):
    wanted = run.predict("validation")["sample"]
    assert wanted.max() >= len(wanted)
    for name in ("val", "valid"):
        assert np.array_equal(run.predict(name)["sample"], wanted)


def test_a_loader_is_predicted_as_arrays_are(run, data):
    inputs, targets = torch.tensor(data[1]), torch.arange(60.0)
    expected = run.predict(inputs)
    found = run.predict(DataLoader(TensorDataset(inputs, targets), 16))
    assert np.allclose(found["outputs"], expected["outputs"], atol=1e-6)
    assert found["targets"].tolist() == targets.tolist()


def test_a_run_that_gives_back_its_inputs_gives_them_as_they_were(data, tmp_path):
    path, inputs = data
    dataset = {"targets": None, "memory_map": True}
    run = trained(tmp_path / "w", path, dataset_kwargs=dataset, model=Same)
    found = run.predict("test")
    assert np.allclose(found["outputs"], inputs[found["sample"]], atol=1e-5)
    assert np.allclose(run.predict(inputs)["outputs"], inputs, atol=1e-5)


class Same(nn.Module):
    """What has nothing to learn."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, inputs):
        return inputs + 0 * self.scale


def test_a_run_of_loaders_predicts_without_its_data(tmp_path):
    x = torch.randn(20, 3, generator=torch.Generator().manual_seed(0))
    loader = DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), 5)
    network = nn.Linear(3, 1)
    trainer = Trainer(tmp_path / "w", train_loader=loader, training_config={"max_epochs": 1})
    trainer.set_model(network)
    trainer.fit()
    found = load_run(tmp_path / "w", 0).predict(x.numpy(), model=nn.Linear(3, 1))
    assert np.allclose(found["outputs"], network(x).detach(), atol=1e-6)


def test_what_is_wrong_is_told(run, monkeypatch):
    with pytest.raises(DataError, match="there is no split 'tset'"):
        run.predict("tset")
    with pytest.raises(DataError, match="0 is not a batch size"):
        run.predict("test", batch_size=0)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UserError, match="in one process, not in 2"):
        run.predict("test")


@pytest.mark.parametrize("inputs_too", ["none", "standard"])
@pytest.mark.parametrize("mapped", [False, True])
def test_normalised_targets_are_predicted_in_their_own_units(data, tmp_path, inputs_too, mapped):
    path, inputs = data
    section = {"normalize": inputs_too, "normalize_targets": "standard", "memory_map": mapped}
    trained(tmp_path / "w", path, dataset_kwargs=section)
    run = load_run(tmp_path / "w", 0)
    kept = read_record(run.paths.normalization)
    sums = inputs.sum(1)[run.predict("train")["sample"]]
    assert np.isclose(kept["targets"]["shift"], sums.mean()) and kept["kind"] == inputs_too
    found = run.predict("test")
    assert np.allclose(found["targets"].ravel(), inputs[found["sample"]].sum(1), atol=1e-4)
    alone = run.predict(inputs[found["sample"]])["outputs"]
    assert np.allclose(found["outputs"], alone, atol=1e-5)
    error = np.abs(found["outputs"].ravel() - found["targets"].ravel()).mean()
    wanted = run.evaluate("test", ["mae"])["test/mae"] * kept["targets"]["scale"][0]
    assert np.isclose(error, wanted, rtol=1e-4)  # metrics are in normalised units


def test_classes_and_missing_targets_are_not_normalised(data, tmp_path):
    for dataset, message in (
        ({"targets": None}, "have no statistics"),
        (None, "stand for classes"),
    ):
        section = {"normalize_targets": True, **(dataset or {"dataset_name": "digits"})}
        section |= {} if dataset is None else {"dataset_name": "arrays", "path": str(data[0])}
        with pytest.raises(DataError, match=message):
            Trainer(tmp_path / "w", dataset_kwargs=section).fit()
        assert not (tmp_path / "w").exists()


class Scaled(nn.Module):
    """Scale the inputs, to be the inputs again."""

    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.ones(1))

    def forward(self, inputs):
        return inputs * self.factor

    def training_step(self, batch):
        inputs = batch[0] if isinstance(batch, (tuple, list)) else batch
        return (self(inputs) - inputs).square().mean()


def without_targets(samples):
    return torch.stack([sample[0] for sample in samples])


def test_a_further_split_is_read_as_it_is_evaluated_by_the_options_of_validation(data, tmp_path):
    path, inputs = data
    run = trained(
        tmp_path / "w",
        path,
        model=Scaled,
        dataset_kwargs={"normalize": "none", "extra_splits": {"whole": {"split": "all"}}},
        load_data_kwargs={"val_loader_kwargs": {"collate_fn": f"{__name__}:without_targets"}},
    )
    found = run.predict("whole")
    assert np.array_equal(found["sample"], range(60)) and "targets" not in found
    assert np.allclose(found["outputs"], inputs, rtol=0.01)  # the decay of weights moves it
