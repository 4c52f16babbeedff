"""What is tried before there is a run: the evaluation, the smallest batch, what is followed."""

import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from stride.data.seeding import advanced_since, read_globals
from stride.engine.random import seed_everything
from stride.errors import ConfigError, DataError
from stride.models.steps.step import Step
from stride.trainer.fit.sanity_check import last_batch, sanity_check

PARTS = """
import torch
from torch import nn

from stride.metrics.classification import Accuracy


class Net(nn.Module):
    def __init__(self, in_features: int):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(in_features, 4), nn.Tanh(), nn.Linear(4, 1))

    def forward(self, x):
        return self.body(x)


class RMSE(nn.Module):
    def forward(self, outputs, targets):
        return ((outputs - targets) ** 2).mean().sqrt()


class Mistaken(nn.Module):
    def __init__(self, in_features: int, num_classes: int):
        super().__init__()
        self.layer = nn.Linear(in_features, num_classes)

    def forward(self, x):
        return self.layer(x.flatten(1))

    def training_step(self, batch):
        return nn.functional.cross_entropy(self(batch[0]), batch[1])

    def evaluation_step(self, batch):
        raise KeyError("typo")


class Good(Accuracy):
    pass
"""


@pytest.fixture
def parts(tmp_path, monkeypatch):
    (tmp_path / "trial_parts.py").write_text(PARTS)
    monkeypatch.syspath_prepend(tmp_path)
    return "trial_parts"


@pytest.fixture
def table(tmp_path):
    """Return a function that writes a table of two features and a target."""

    def write(rows, target):
        drawn = np.random.default_rng(0)
        lines = ["a,b,y"]
        for _ in range(rows):
            a, b = drawn.normal(size=2)
            lines.append(f"{a:.3f},{b:.3f},{target(a, b)}")
        (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
        return {"dataset_name": "table", "path": str(tmp_path / "rows.csv"), "target": "y"}

    return write


def plain(make, dataset, **sections):
    """Return a trainer on another data set than the digits of the fixture."""
    return make(dataset_kwargs={"subsample_rate": 1.0, **dataset}, device="cpu", **sections)


def test_a_criterion_of_ones_own_that_spreads_is_refused(make, parts, table, tmp_path):
    dataset = {**table(60, lambda a, b: f"{2 * a - b:.4f}"), "target_kind": "float"}
    net = {"model_kwargs": {"model_name": f"{parts}:Net"}}
    criterion = {"criterion_name": f"{parts}:RMSE"}
    wrong = plain(make, dataset, criterion_kwargs=criterion, overrides=net)
    for refused in (wrong.fit, wrong.check):
        with pytest.raises(DataError, match=r"RMSE compares every output.*squeeze\(1\)"):
            refused()
    assert not (tmp_path / "w").exists()
    plain(make, dataset, training_config={"metrics": ["r2"]}, overrides=net).check()


def test_a_mistaken_evaluation_step_is_refused(make, parts, tmp_path):
    trainer = make(overrides={"model_kwargs": {"model_name": f"{parts}:Mistaken"}})
    for refused in (trainer.fit, trainer.check):
        with pytest.raises(DataError, match=r"evaluation step fails: KeyError: 'typo'"):
            refused()
    assert not (tmp_path / "w").exists()


def half(x, y):
    return x


@pytest.mark.parametrize("split", ["val", "test"])
def test_the_transform_of_each_evaluated_split_is_tried(make, tmp_path, split):
    key = f"{split}_transform"
    trainer = make(dataset_kwargs={key: half, "extra_splits": {"more": {}}})
    for refused in (trainer.fit, trainer.check):
        with pytest.raises(DataError, match="gave Tensor, not the two") as caught:
            refused()
        assert caught.value.where == f"dataset_kwargs.{key}"
    assert not (tmp_path / "w").exists()


def test_trying_leaves_no_trace(make):
    seen = []

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.norm = nn.Linear(4, 2), nn.BatchNorm1d(2)

        def forward(self, x):
            seen.append((self.training, torch.is_inference_mode_enabled()))
            random.random(), torch.rand(1), np.random.rand()
            return self.norm(self.layer(x))

    data = TensorDataset(torch.randn(9, 4), torch.randn(9, 2))
    generators = [torch.Generator().manual_seed(3) for _ in range(2)]
    train, val = (DataLoader(data, 4, shuffle=True, generator=g) for g in generators)
    trainer, network = make(train_loader=train, val_loader=val, seed=5), Net()
    trainer.set_model(network)
    before = [g.get_state() for g in generators]
    tensors = {name: value.clone() for name, value in network.state_dict().items()}
    assembly = trainer.comprehend_config()
    seed_everything(5)
    drawn = read_globals()
    sanity_check(assembly, assembly.loader("train").example, None, {})
    assert seen == [(True, False), (False, True), (False, True)]  # the last: one sample alone
    assert network.training
    assert not advanced_since(drawn)
    assert all(torch.equal(g.get_state(), was) for g, was in zip(generators, before, strict=True))
    assert all(torch.equal(v, tensors[name]) for name, v in network.state_dict().items())


class Fixed(nn.Module):
    """A network that was built for one batch size."""

    def __init__(self, size):
        super().__init__()
        self.layer, self.size = nn.Linear(64, 10), size

    def forward(self, x):
        return self.layer(x.view(self.size, 64))


class Mining(Fixed):
    """Compare each sample with the nearest ones of other classes, as batch-hard triplets do."""

    def training_step(self, batch):
        codes, classes = self.layer(batch[0].flatten(1)), batch[1]
        same = classes[:, None] == classes
        apart = torch.cdist(codes, codes).masked_fill(same, torch.inf)
        return (1 - apart.topk(3, largest=False).values).relu().mean()


def test_what_takes_no_few_samples_is_tried_on_a_whole_batch(make):
    def of(network, **loading):
        trainer = make(
            load_data_kwargs={"batch_size": 12, **loading},
            training_config={"metrics": [], "max_epochs": 1},
        )
        trainer.set_model(network)
        return trainer

    of(Mining(12)).check()  # whose two first samples have no third
    others = {f"{split}_loader_kwargs": {"drop_last": True} for split in ("val", "test")}
    with pytest.raises(DataError, match=r"an epoch has a batch of .* the model cannot be trained"):
        of(Fixed(12), **others).check()
    with pytest.raises(DataError, match=r"invalid for input .*shapes \[\[12, 1, 8, 8\]"):
        of(Fixed(7), **others).check()
    fixed = of(Fixed(12), **others, drop_last=True)
    assert fixed.check()["shapes"][0] == [12, 1, 8, 8]
    assert fixed.fit() > 0


def test_a_last_batch_that_cannot_be_evaluated_is_refused(make):
    dropped = {"drop_last": True}
    loading = {"batch_size": 12, "val_loader_kwargs": dropped, "test_loader_kwargs": dropped}
    for split, name in (("val", "validation"), ("test", "test")):
        trainer = make(
            load_data_kwargs=loading | {f"{split}_loader_kwargs": {}},
            training_config={"metrics": [], "max_steps": 1},
        )
        trainer.set_model(Fixed(12))
        with pytest.raises(DataError, match=rf"cannot be evaluated on.* {name} samples in") as said:
            trainer.check()
        assert f'load_data_kwargs.{split}_loader_kwargs={{"drop_last":true}}' in said.value.hint


NORM = {"model_kwargs": {"norm": "batch"}}


@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_last_batch_that_the_network_cannot_take_is_refused(make, table, tmp_path, accumulate):
    dataset = table(93, lambda a, b: int(a > b))
    training = {"accumulate": accumulate}
    trainer = plain(make, dataset, **NORM, training_config=training)
    assert trainer.data.info.num_train == 65
    said = r"1 sample, .*\(65 training samples in batches of 64\).*load_data_kwargs.drop_last=true"
    for refused in (trainer.fit, trainer.check):
        with pytest.raises(DataError, match=said):
            refused()
    assert not (tmp_path / "w").exists()
    for mended in ({"drop_last": True}, {"batch_size": 63}):
        plain(make, dataset, **NORM, training_config=training, load_data_kwargs=mended).check()


def test_a_batch_that_is_never_reached_does_not_count(make, table):
    dataset = table(93, lambda a, b: int(a > b))
    for steps, training in ((1, {}), (2, {}), (1, {"accumulate": 2})):
        trainer = plain(make, dataset, training_config={**training, "max_steps": steps})
        reached = last_batch(trainer.comprehend_config())
        assert (reached is not None) == (steps * training.get("accumulate", 1) == 2)


def test_a_loader_of_ones_own_is_told_to_drop_its_last_batch(make):
    data = TensorDataset(torch.randn(9, 4), torch.randn(9, 2))
    trainer = make(train_loader=DataLoader(data, 4), training_config={"with_validation": False})
    trainer.set_model(nn.Sequential(nn.Linear(4, 2), nn.BatchNorm1d(2)))
    with pytest.raises(DataError, match=r"9 training samples in batches of 4\); give the loader"):
        trainer.check()
    unsaid = make(train_loader=list(DataLoader(data, 4)))
    assert last_batch(unsaid.comprehend_config()) is None


def test_a_metric_of_ones_own_is_followed_by_its_recorded_name(make, parts):
    training = {
        "metrics": [f"{parts}:Good"],
        "early_stopping": True,
        "patience": 1,
        "mode": "max",
    }
    trainer = make(training_config={**training, "stopping_metric": "validation/Good"})
    best = trainer.fit(max_epochs=1)
    assert best == trainer.results["last"]["validation/Good"]
    wrong = make(training_config={**training, "stopping_metric": f"validation/{parts}:Good"})
    with pytest.raises(ConfigError, match=r"stopping_metric\); did you mean 'validation/Good'"):
        wrong.fit()


class Many(nn.Module):
    """Give several outputs; the loss is of the first."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 10)

    def training_step(self, batch):
        outputs = self.layer(batch[0].flatten(1)), batch[0]
        return Step(nn.functional.cross_entropy(outputs[0], batch[1]), len(batch[0]), outputs)


def test_a_default_metric_that_no_step_can_feed_falls_away(make, caplog):
    trainer = make(training_config={"max_epochs": 1})
    trainer.set_model(Many())
    said = "nothing measures accuracy: a metric needs outputs and targets, and the model's step"
    trainer.check()
    assert said in caplog.text
    trainer.fit()
    assert said in trainer.run.paths.log(0).read_text()
    loaded = trainer.load_run("0")
    assert loaded.config.training_config.metrics == []
    assert loaded.evaluate("test", model=Many()) == trainer.results["test"]
    assert "accuracy" not in str(loaded.metrics()) + str(trainer.results)


def test_a_default_metric_that_is_followed_or_asked_for_is_missed(make):
    for training, said in (
        ({"saving_metric": "val_accuracy"}, "no metric 'validation/epoch_accuracy' is evaluated"),
        ({"metrics": ["accuracy"]}, "a metric needs outputs and targets"),
    ):
        trainer = make(training_config=training)
        trainer.set_model(Many())
        with pytest.raises((ConfigError, DataError), match=said):
            trainer.check()


def test_a_training_accuracy_that_no_step_gives_is_not_followed(make):
    class Bare(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(64, 10)

        def forward(self, x):
            return self.layer(x.flatten(1))

        def training_step(self, batch):
            return nn.functional.cross_entropy(self(batch[0]), batch[1])

        def evaluation_step(self, batch):
            outputs = self(batch[0])
            loss = nn.functional.cross_entropy(outputs, batch[1])
            return Step(loss, len(outputs), outputs, batch[1])

    trainer = make(training_config={"saving_metric": "train_accuracy"})
    trainer.set_model(Bare())
    with pytest.raises(ConfigError, match=r"no metric 'train/epoch_accuracy' is evaluated"):
        trainer.fit()
    trainer.fit({"training_config.saving_metric": "val_accuracy"}, max_epochs=1)
    assert trainer.results["last"]["validation/epoch_accuracy"] >= 0
