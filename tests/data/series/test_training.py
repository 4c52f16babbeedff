"""Series are trained on like any dataset, and a run's config gives their labels back."""

import pytest
import torch

from stride import Trainer, load_run
from stride.data.build import build_data
from stride.data.datasets import resolve_dataset
from stride.data.options import resolve_loader
from stride.errors import ConfigError

FEW = {"dataset_name": "sines", "num_train": 256, "num_val": 16, "num_test": 32, "length": 64}
FEW |= {"anomaly_length": 24}
KWARGS = {
    "load_data_kwargs": {"batch_size": 16},
    "model_kwargs": {"model_name": "FeedForwardAE", "hidden": [32, 8]},
}


def sources(**kwargs):
    section = resolve_dataset({**FEW, **kwargs})
    cpu = torch.device("cpu")
    return build_data(section, resolve_loader({}), seed=0, device=cpu).sources


def test_an_autoencoder_trains_and_its_run_gives_the_labels_back(tmp_path):
    trainer = Trainer(
        tmp_path / "w",
        dataset_kwargs={**FEW, "normalize": "standard", "subsample_rate": 0.5},
        criterion_kwargs={"criterion_name": "L1Loss"},
        optimizer_kwargs={"lr": 0.01},
        training_config={"max_epochs": 10},
        **KWARGS,
    )
    trainer.fit()
    key = "train/epoch_loss"
    losses = [row[key] for row in load_run(tmp_path / "w" / "0").metrics() if key in row]
    assert len(losses) == 10 and losses[-1] < 0.8 * losses[0]

    again = Trainer(tmp_path / "w")
    run = again.load_run("0")
    train, test = again.data.sources["train"], again.data.sources["test"]
    assert len(train) == 128 and not train.annotations["labels"].any()
    # The statistics are those of the training split alone.
    assert train.tensors[0].mean().abs() < 1e-4
    assert (train.tensors[0].std(correction=0) - 1).abs() < 1e-4
    assert torch.equal(test.annotations["labels"], sources()["test"].annotations["labels"])

    inputs, anomalous = test.tensors[0], test.annotations["labels"].any(1)
    with torch.inference_mode():
        errors = (run.model(inputs) - inputs).abs().mean((1, 2))
    assert errors[anomalous].mean() > errors[~anomalous].mean()


def test_batches_hold_the_series_alone(tmp_path):
    trainer = Trainer(tmp_path / "w", dataset_kwargs=FEW, **KWARGS)
    assert [one.shape for one in trainer.data.train_loader.example()] == [(2, 1, 64)]


def test_further_splits_are_other_anomalies():
    weak = {"split": "test", "anomaly_strength": 0.1, "anomaly_rate": 1.0}
    found = sources(extra_splits={"weak": weak})
    assert found["weak"].annotations["labels"].any(1).all()
    with pytest.raises(ConfigError, match=r"extra_splits\.weak\.split"):
        sources(extra_splits={"weak": {"split": "tset"}})


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("num_tran", 4, "did you mean 'num_train'?"),
        ("anomaly_rate", 1.5, "anomaly_rate"),
        ("val_fraction", 0.3, "divides itself"),
    ],
)
def test_wrong_arguments_are_refused_before_there_is_a_folder(tmp_path, key, value, said):
    with pytest.raises(ConfigError, match=said):
        Trainer(tmp_path / "w", dataset_kwargs={**FEW, key: value}, **KWARGS).fit()
    assert not (tmp_path / "w").exists()


def test_an_even_moving_average_is_refused():
    section = {"dataset_name": "csv_series", "path": "s.csv", "moving_average": 4}
    with pytest.raises(ConfigError, match="must be odd, as 5"):
        resolve_dataset(section)
