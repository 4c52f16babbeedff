"""Further splits to evaluate: from the config and from Python, their rows, and other data."""

import json
import os

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from stride.callbacks.base import Callback
from stride.data import validation_loaders
from stride.errors import ConfigError, DataError, RunError
from stride.runs.layout import RunPaths
from stride.runs.reproduction.compare import compare_runs
from stride.runs.run import Run
from stride.trainer.trainer import Trainer
from tests.trainer.killing import Killed, Killer

HERE = __name__
OFFSETS = {}  # of the data, by its resolution


def waves(resolution: int = 16, count: int = 20, shift: float = 0.0):
    """Give waves and their mean squares, on a grid."""
    phases = torch.linspace(0, 3, count)[:, None]
    grid = torch.linspace(0, 6, resolution)
    x = torch.sin(grid + phases) + shift + OFFSETS.get(resolution, 0.0)
    return x.mean(1, keepdim=True), x.square().mean(1, keepdim=True)


def test_the_validation_loader_is_found_by_any_name_of_its_split():
    for name in ("validation", "val", "valid"):
        assert validation_loaders({"far": 1, name: 2}) == (2, {"far": 1})


class Divided(torch.utils.data.Dataset):
    """Divides itself, and has a split that no other dataset has."""

    def __init__(self, split: str, scale: float = 1.0):
        self.x = torch.randn(8, 1, generator=torch.Generator().manual_seed(len(split))) * scale

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.x[i]


EXTRA = {"val_32": {"resolution": 32}, "shifted": {"shift": 2.0, "split": "all"}}


def small(folder, *callbacks, name="waves", extra=EXTRA, training=None, **config):
    return Trainer(
        folder,
        callbacks=list(callbacks),
        dataset_kwargs={"dataset_name": f"{HERE}:{name}", "extra_splits": extra}
        | config.pop("data", {}),
        load_data_kwargs={"batch_size": 5},
        model_kwargs={"model_name": "MLP", "hidden": [4]},
        criterion_kwargs={"criterion_name": "MSELoss"},
        training_config={"max_epochs": 2, "metrics": ["mae"]} | (training or {}),
        logging_config={"terminal_display": "off"},
        device="cpu",
        trust_code=True,
        **config,
    )


def test_each_is_evaluated_normalised_as_the_training_is_and_can_be_followed(tmp_path):
    class Seen(Callback):
        def __init__(self):
            self.calls = []

        def before_evaluate(self, trainer, split):
            self.calls.append(split)

        def after_evaluate(self, trainer, metrics, split="validation"):
            self.calls.append((split, sorted(name.partition("/")[0] for name in metrics)))

    seen = Seen()
    training = {"saving_metric": "val_32/loss", "max_epochs": 1}
    trainer = small(tmp_path, seen, training=training, data={"normalize": True})
    trainer.fit()
    row = next(row for row in trainer.run.metrics() if "val_32/loss" in row)
    assert {"val_32/mae", "shifted/loss", "shifted/mae", "validation/epoch_loss"} <= row.keys()
    assert trainer.results["monitor"]["metric"] == "val_32/loss"
    x, y = waves(shift=2.0)
    outputs = trainer.predict(trainer.data.normalization.apply(x))
    assert row["shifted/loss"] == pytest.approx(float((outputs - y).square().mean()), rel=1e-5)
    calls = [one for one in seen.calls if isinstance(one, str)]
    assert calls == ["val_32", "shifted", "validation", "test"]
    assert seen.calls[1] == ("val_32", ["val_32"] * 2)
    assert {"shifted", "train", "val_32"} <= set(seen.calls[5][1])
    assert trainer.data.extra_loaders["val_32"].num_samples == 3  # the part that is not trained on
    again = trainer.run.evaluate("val_32")
    assert again["val_32/loss"] == pytest.approx(row["val_32/loss"])
    assert trainer.evaluate("shifted") == trainer.run.evaluate("shifted")


def test_killed_and_resumed_and_reproduced(tmp_path, monkeypatch):
    checkpoints = {"checkpoint_config": {"every_steps": 1, "background": False}}
    small(tmp_path / "whole").fit()
    with pytest.raises(Killed):
        small(tmp_path / "cut", Killer(4), **checkpoints).fit()
    small(tmp_path / "cut", **checkpoints).fit(resume=0)
    rows = [
        [
            {k: v for k, v in row.items() if k != "time"}
            for row in Run(tmp_path / one / "0").metrics()
        ]
        for one in ("whole", "cut")
    ]
    assert rows[0] == rows[1]
    both = (RunPaths(tmp_path / one / "0") for one in ("whole", "cut"))
    assert compare_runs(*both, steps=None).identical
    record = small(tmp_path / "whole").reproduce(0, steps=1)
    assert record.identical
    changed = small(tmp_path / "cut")
    config = json.loads((tmp_path / "cut" / "0" / "config.json").read_text())
    assert config["dataset_kwargs"]["extra_splits"] == EXTRA
    monkeypatch.setitem(OFFSETS, 32, 0.5)
    with pytest.raises(RunError, match="the data has changed"):
        changed.fit(resume=0, max_epochs=3)


def test_without_validation_there_are_none(tmp_path):
    trainer = small(tmp_path, training={"with_validation": False, "max_epochs": 1})
    trainer.fit()
    assert not any(name.startswith("val_32") for row in trainer.run.metrics() for name in row)


def test_a_dataset_that_divides_itself_is_given_the_split(tmp_path):
    extra = {"far": {"scale": 9.0}, "other": {"split": "elsewhere"}}
    data = small(tmp_path, name="Divided", extra=extra).data
    far, other = (torch.cat([x for x, _ in data.extra_loaders[name]]) for name in extra)
    assert torch.equal(far, Divided("val", 9.0).x)
    assert torch.equal(other, Divided("elsewhere").x)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"test": {}}, "'test', which is a split that every training has"),
        ({"a/b": {}}, "'a/b', which is not a name.*'a_b'"),
        ({"fine": {"resolutio": 8}}, r"extra_splits\.fine.*resolution"),
        ({"fine": {"resolution": "wide"}}, r"extra_splits\.fine"),
        ({"fine": {"split": "vall"}}, r"fine\.split='vall'.*did you mean"),
    ],
)
def test_a_wrong_one_is_refused_before_there_is_a_folder(tmp_path, extra, message):
    with pytest.raises(ConfigError, match=message):
        small(tmp_path, extra=extra).fit()
    assert not os.listdir(tmp_path)


def test_a_loader_of_another_name_is_refused_with_the_nearest(tmp_path):
    given = {"val": [], "far away": []}
    with pytest.raises(DataError, match=r"'far away', which is not a name.*'far_away'"):
        validation_loaders(given)


def test_an_unknown_one_is_not_followed_or_evaluated(tmp_path):
    with pytest.raises(ConfigError, match=r"no metric 'val_31/loss'.*val_32/loss"):
        small(tmp_path, training={"saving_metric": "val_31/loss"}).fit()
    with pytest.raises(DataError, match=r"no split 'val_31'.*val_32"):
        small(tmp_path).evaluate("val_31")


def loader(shift):
    return DataLoader(TensorDataset(*waves(shift=shift)), 5)


def test_loaders_in_a_dict_are_splits(tmp_path):
    def trainer(validation):
        return small(tmp_path, extra={}, train_loader=loader(0.0), val_loader=validation)

    fitted = trainer({"near": loader(0.1), "far": loader(3.0)})
    fitted.fit(max_epochs=1)
    (row,) = (row for row in fitted.run.metrics() if "far/loss" in row)
    near = fitted.evaluate("validation")["validation/epoch_loss"]
    assert row["validation/epoch_loss"] == pytest.approx(near)  # the first
    assert "near/loss" not in row
    named = trainer({"far": loader(3.0), "validation": loader(0.1)})
    assert named.comprehend_config().extra == ("far",)
    with pytest.raises(DataError, match="'test', which is a split"):
        trainer({"validation": loader(0.1), "test": loader(0.2)}).fit()
    with pytest.raises(DataError, match="the dict has no loader"):
        trainer({}).fit()


def test_a_run_is_evaluated_on_other_data(tmp_path):
    trainer = small(tmp_path, extra={})
    trainer.fit(max_epochs=1)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "0").rglob("*")}
    other = {"dataset_kwargs.extra_splits": {"shifted": {"shift": 2.0, "split": "all"}}}
    values = trainer.run.evaluate("shifted", overrides=other)
    x, y = waves(shift=2.0)
    expected = (trainer.predict(x) - y).square().mean()
    assert values["shifted/loss"] == pytest.approx(float(expected), rel=1e-5)
    with pytest.raises(ConfigError, match="shift"):
        trainer.run.evaluate("test", overrides=["dataset_kwargs.shft=2.0"])
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "0").rglob("*")} == before
