"""Named values of steps, and the gradient's norm: averaged, recorded, followed and resumed."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from stride import Callback, Step
from stride.errors import DataError, StrideError
from stride.runs.run import Run
from tests.trainer.killing import Killed, Killer


class TwoTerms(nn.Module):
    """A loss of two terms, whose numbers are kept as the steps gave them."""

    def __init__(self, **values):
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(64, 10)
        self.scale = nn.Parameter(torch.ones(()))
        self.values, self.seen = values, []

    def forward(self, inputs):
        return self.layer(inputs.flatten(1)) * self.scale

    def training_step(self, batch):
        outputs, labels = self(batch[0]), batch[1]
        fit, size = cross_entropy(outputs, labels), outputs.square().mean()
        values = {"fit": fit, "size": size, "scale": self.scale, "half": 0.5} | self.values
        if self.training and len(labels) % 2:
            del values["half"]
        numbers = {name: float(value) for name, value in values.items() if name != "odd"}
        self.seen.append((self.training, len(labels), numbers))
        return Step(fit + 0.01 * size, len(labels), outputs, labels, values)


def mean(seen, name):
    given = [(numbers[name], size) for _, size, numbers in seen if name in numbers]
    return pytest.approx(sum(v * size for v, size in given) / sum(size for _, size in given))


def trained(make, network, **arguments):
    trainer = make(**arguments)
    trainer.set_model(network)
    trainer.fit()
    return trainer, Run(trainer.run.path).metrics()


@pytest.mark.parametrize("accumulate", [1, 2])
def test_values_are_averaged_as_the_loss_is(make, accumulate):
    network = TwoTerms()
    # Of what is tried before there is a run, nothing is recorded.
    start = Beginning(lambda: network.seen.clear())
    training = {"max_epochs": 1, "log_interval": 2, "accumulate": accumulate}
    data = {"batch_size": 64 // accumulate}
    trainer, rows = trained(
        make, network, training_config=training, load_data_kwargs=data, callbacks=[start]
    )
    steps = [one for one in network.seen if one[0]]
    evaluated = [one for one in network.seen if not one[0]]
    first, *_, epoch = rows
    for name in ("fit", "size"):
        assert first[f"train/{name}"] == mean(steps[: 2 * accumulate], name)
        assert epoch[f"train/epoch_{name}"] == mean(steps, name)
        assert f"train/{name}" not in epoch and f"train/epoch_{name}" not in first
    count = trainer.data.val_loader.num_samples
    validated = evaluated[: next(n for n in range(99) if sum(e[1] for e in evaluated[:n]) >= count)]
    assert epoch["validation/size"] == mean(validated, "size")
    assert trainer.results["test"]["test/size"] == mean(evaluated[len(validated) :], "size")
    assert trainer.results["last"]["train/epoch_fit"] == epoch["train/epoch_fit"]
    # A parameter counts as it was in the step, and not as the update has left it.
    assert epoch["train/epoch_scale"] == mean(steps, "scale") != 1.0
    assert epoch["train/epoch_half"] == 0.5


class Beginning(Callback):
    def __init__(self, call):
        self.call = call

    def before_train(self, trainer):
        self.call()


def test_a_value_is_followed_like_a_metric(make):
    training = {"saving_metric": "validation/size", "saving_mode": "max", "max_epochs": 3}
    plateau = {"scheduler_name": "ReduceLROnPlateau", "patience": 0, "threshold": 1e6}
    trainer, rows = trained(
        make, TwoTerms(), training_config=training, scheduler_kwargs=plateau, device="cpu"
    )
    sizes = [row["validation/size"] for row in rows if "validation/size" in row]
    assert trainer.results["best"]["validation/size"] == max(sizes)
    assert rows[-1]["lr"] < rows[0]["lr"]  # no size was larger by a factor of a million


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"odd": torch.ones(3)}, r"hold a Tensor of shape \(3,\) as 'odd', not one number"),
        ({"odd": "text"}, "hold a str as 'odd', not one number"),
        ({"loss": 1.0}, "have the name 'loss', which STRIDE itself records"),
        ({"lr": 1.0}, "have the name 'lr', which STRIDE itself records"),
        ({"epoch_kl": 1.0}, "have the name 'epoch_kl', which STRIDE itself records"),
        ({"a/b": 1.0}, "have the name 'a/b', which is not one.*'a_b'"),
        ({"f1": 1.0}, "called 'f1', and so is a metric"),
    ],
)
def test_values_that_cannot_be_recorded_are_refused(make, tmp_path, values, said):
    network = TwoTerms()
    network.values = values | ({} if "odd" in values else {"odd": 0.0})
    network.training_step = Odd(network)
    with pytest.raises(DataError, match=said):
        trained(make, network, training_config={"metrics": ["accuracy", "f1"]})
    assert not (tmp_path / "w").exists()


def test_a_value_takes_the_place_of_a_metric_that_nobody_asked_for(make):
    trainer, rows = trained(
        make, TwoTerms(accuracy=0.25), training_config={"max_epochs": 1, "log_interval": 1}
    )
    assert trainer.config.training_config.metrics == []
    assert rows[0]["train/accuracy"] == rows[-1]["train/epoch_accuracy"] == 0.25
    assert rows[-1]["validation/epoch_accuracy"] == trainer.results["test"]["test/accuracy"] == 0.25


class Odd:
    """A training step whose values are what they are."""

    def __init__(self, network):
        self.network = network

    def __call__(self, batch):
        outputs = self.network(batch[0])
        loss = cross_entropy(outputs, batch[1])
        return Step(loss, len(batch[1]), outputs, batch[1], self.network.values)


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("validation/siz", "did you mean 'validation/size'"),
        ("train/size", "did you mean 'train/epoch_size'"),
    ],
)
def test_a_value_nobody_gives_cannot_be_followed(make, tmp_path, metric, said):
    with pytest.raises(StrideError, match=said):
        trained(make, TwoTerms(), training_config={"saving_metric": metric, "saving_mode": "min"})
    assert not (tmp_path / "w").exists()


def test_a_value_that_turns_odd_later_fails_with_its_name(make):
    class Later(Callback):
        def before_epoch(self, trainer):
            trainer.model.network.values = {"odd": torch.ones(2)}

    with pytest.raises(StrideError, match="as 'odd', not one number"):
        trained(make, TwoTerms(), callbacks=[Later()])


def test_killed_inside_an_epoch_the_rows_have_the_same_bits(make, tmp_path):
    settings = {
        "training_config": {"log_interval": 3, "log_grad_norm": True},
        "load_data_kwargs": {"batch_size": 32},
        "checkpoint_config": {"every_steps": 5},
    }
    _, whole = trained(make, TwoTerms(), work_dir=tmp_path / "whole", **settings)
    trainer = make(work_dir=tmp_path / "cut", callbacks=[Killer(7)], **settings)
    trainer.set_model(TwoTerms())
    with pytest.raises(Killed):
        trainer.fit()
    trainer = make(work_dir=tmp_path / "cut", **settings)
    trainer.set_model(TwoTerms())
    trainer.fit(resume=0)
    cut = Run(trainer.run.path).metrics()
    assert any("train/epoch_size" in row and "train/epoch_grad_norm" in row for row in cut)
    for row in (*whole, *cut):
        del row["time"]
    assert cut == whole


class Norms(Callback):
    def __init__(self):
        self.seen = []

    def before_step(self, trainer, batches):
        squares = [p.grad.square().sum() for p in trainer.model.parameters()]
        self.seen.append((True, len(batches[0][1]), {"norm": torch.stack(squares).sum().sqrt()}))


@pytest.mark.parametrize("options", [{"log_grad_norm": True}, {"clip_grad_norm": 1e-3}, {}])
def test_the_norm_of_the_gradient_is_recorded_before_clipping(make, options):
    norms = Norms()
    _, rows = trained(
        make, TwoTerms(), training_config={"max_epochs": 1, **options}, callbacks=[norms]
    )
    if not options:
        assert not any("grad_norm" in name for row in rows for name in row)
        return
    assert rows[0]["train/grad_norm"] == mean(norms.seen[:2], "norm")
    assert rows[-1]["train/epoch_grad_norm"] == mean(norms.seen, "norm")


def test_the_norm_can_be_followed(make):
    training = {"saving_metric": "train/epoch_grad_norm", "saving_mode": "min"}
    with pytest.raises(StrideError, match="no metric 'train/epoch_grad_norm' is evaluated"):
        trained(make, TwoTerms(), training_config=training)
    training |= {"log_grad_norm": True, "max_epochs": 1}
    trainer, rows = trained(make, TwoTerms(), training_config=training)
    best = trainer.results["best"]["train/epoch_grad_norm"]
    assert best == rows[-1]["train/epoch_grad_norm"]
