"""Evaluations between epochs' ends, short epochs: what is recorded, kept, and resumed exactly."""

import json
import os

import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from stride.callbacks.base import Callback
from stride.errors import ConfigError
from stride.runs.layout import RunPaths
from stride.runs.reproduction.compare import compare_runs
from stride.runs.run import Run
from stride.trainer.trainer import Trainer
from tests.trainer.killing import Killed, Killer

BATCH, STEPS = 4, 9  # 34 samples: the last batch of an epoch has 2
TIMES = ("time", "wall_seconds", "train_seconds", "samples_per_second")
HERE = __name__


class Points(torch.utils.data.Dataset):
    """Points of three numbers and their sum."""

    def __init__(self, split: str, length: int = 0):
        size = length or {"train": 34, "val": 12, "test": 8}[split]
        self.x = torch.randn(size, 3, generator=torch.Generator().manual_seed(size))

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.x[i].sum()


class Stream(IterableDataset):
    """The same points as a stream, which says where it is."""

    def __init__(self, split: str):
        self.points, self.next = Points(split), 0

    def __iter__(self):
        first, self.next = self.next % len(self.points), 0
        for i in range(first, len(self.points)):
            self.next = i + 1
            yield self.points[i][0] + torch.rand(3), self.points[i][1]

    def state_dict(self):
        return {"next": self.next}

    def load_state_dict(self, state):
        self.next = state["next"]


class Once(IterableDataset):
    """A stream without a state."""

    def __init__(self, split: str):
        self.points = Points(split)

    def __iter__(self):
        return (self.points[i] for i in range(len(self.points)))


def loader(split="train", **options):
    points = Points(split)
    data = TensorDataset(points.x, points.x.sum(1, keepdim=True))
    return DataLoader(data, BATCH, **options)


DATA = {
    "memory": {"dataset_kwargs": {"dataset_name": f"{HERE}:Points"}},
    "mapped": {
        "dataset_kwargs": {"dataset_name": f"{HERE}:Points"},
        "load_data_kwargs": {"in_memory": False},
    },
    "stream": {"dataset_kwargs": {"dataset_name": f"{HERE}:Stream"}},
    "once": {"dataset_kwargs": {"dataset_name": f"{HERE}:Once"}},
    "own": {},
}


SOME = [
    one if one in ("memory", "own") else pytest.param(one, marks=pytest.mark.slow) for one in DATA
]


def small(folder, *callbacks, data="memory", training=None, **config):
    own = {"train_loader": loader(shuffle=True), "val_loader": loader("val")}
    config = {**DATA[data], **(own if data == "own" else {}), **config}
    config["load_data_kwargs"] = {"batch_size": BATCH} | config.get("load_data_kwargs", {})
    return Trainer(
        folder,
        callbacks=list(callbacks),
        model_kwargs={"model_name": "MLP", "hidden": [4], "dropout": 0.1},
        criterion_kwargs={"criterion_name": "MSELoss"},
        training_config={"max_epochs": 3, "metrics": [], "log_interval": 100} | (training or {}),
        logging_config={"terminal_display": "off"},
        device="cpu",
        trust_code=True,
        **config,
    )


def places(run, name="validation/epoch_loss"):
    return [(row["step"], row["epoch"]) for row in run.metrics() if name in row]


def left(folder):
    """Return what a run has left, but for times."""
    run = Run(folder)
    rows = [{k: v for k, v in row.items() if k not in TIMES} for row in run.metrics()]
    results = {k: v for k, v in run.results.items() if k != "timings"}
    return rows, results, json.loads((folder / "checkpoints" / "index.json").read_text())["best"]


class TestInsideOfEpochs:
    training = {"evaluate_every_steps": 4}  # noqa: RUF012

    def test_every_so_many_steps_and_at_the_ends_of_epochs(self, tmp_path):
        trainer = small(tmp_path, training=self.training)
        trainer.fit()
        ends = [(9, 1), (18, 2), (27, 3)]
        inside = [(4, 0), (8, 0), (12, 1), (16, 1), (20, 2), (24, 2)]
        assert places(trainer.run) == sorted(ends + inside)
        assert places(trainer.run, "train/epoch_loss") == ends

    def test_an_end_of_an_epoch_is_evaluated_once(self, tmp_path):
        trainer = small(tmp_path, training={"evaluate_every_steps": 3, "evaluate_every": 2})
        trainer.fit()
        inside = [(3, 0), (6, 0), (12, 1), (15, 1), (21, 2), (24, 2)]
        assert places(trainer.run) == sorted([*inside, (18, 2), (27, 3)])

    def test_weights_checkpoints_and_patience_go_by_each(self, tmp_path):
        class Falling(Callback):
            """Let the fifth evaluation, inside an epoch, be the best."""

            def __init__(self):
                self.seen = 0

            def after_evaluate(self, trainer, metrics):
                self.seen += 1
                metrics["validation/epoch_loss"] = abs(5.0 - self.seen)

        falling = Falling()
        trainer = small(
            tmp_path,
            falling,
            training=self.training | {"early_stopping": True, "patience": 2},
            checkpoint_config={"every_steps": 1, "keep_best": 1},
        )
        trainer.fit()
        assert trainer.results["best"]["step"] == 16 and falling.seen == 7
        assert trainer.results["last"]["step"] == 20  # stopped inside the third epoch
        assert trainer.run.status["reason"].endswith("for 2 evaluations")
        index = json.loads((tmp_path / "0" / "checkpoints" / "index.json").read_text())
        assert index["best"].endswith("step_16")
        assert places(trainer.run)[-1] == (20, 2)

    def test_a_plateau_is_told_of_each(self, tmp_path):
        class Flat(Callback):
            def after_evaluate(self, trainer, metrics):
                metrics["validation/epoch_loss"] = 1.0

        section = {"scheduler_name": "ReduceLROnPlateau", "patience": 0, "factor": 0.5}
        trainer = small(tmp_path, Flat(), training=self.training, scheduler_kwargs=section)
        trainer.fit(max_epochs=1)
        assert trainer.optimizer.param_groups[0]["lr"] == pytest.approx(1e-3 * 0.5**2)

    def test_patience_counts_evaluations_of_the_metric(self, tmp_path):
        stopping = {"early_stopping": True, "patience": 2, "stopping_metric": "train_loss"}
        trainer = small(tmp_path, training=self.training | stopping | {"min_delta": 99.0})
        trainer.fit()
        assert trainer.results["last"]["epoch"] == 3

    def test_modules_are_left_in_the_modes_they_had(self, tmp_path):
        class Frozen(Callback):
            def __init__(self):
                self.seen = set()

            def before_step(self, trainer, batches):
                if trainer.state.step > 1:
                    modules = trainer.model.network.modules()
                    self.seen.add(tuple(module.training for module in modules))

            def after_step(self, trainer, step):
                trainer.model.network[1].eval()

        frozen = Frozen()
        trainer = small(tmp_path, frozen, training=self.training)
        trainer.fit(max_epochs=1)
        (modes,) = frozen.seen
        assert modes.count(False) == 1


KILLED = {
    "memory": {"evaluate_every_steps": 4, "limit_train_batches": 7, "evaluate_batches": 2},
    "mapped": {"evaluate_every_steps": 2, "limit_train_batches": 5, "accumulate": 2},
    "stream": {"evaluate_every_steps": 4, "limit_train_batches": 7},
    "once": {"evaluate_every_steps": 2, "limit_train_batches": 3},
    "own": {"evaluate_every_steps": 4, "limit_train_batches": 7, "evaluate_batches": 2},
}
PLATEAU = {"scheduler_name": "ReduceLROnPlateau", "patience": 0, "factor": 0.5}


@pytest.mark.parametrize(
    ("data", "steps"),
    [("memory", [5]), ("own", [5])]
    + [pytest.param(data, [4, 5, 8], marks=pytest.mark.slow) for data in KILLED],
)
def test_killed_and_resumed_it_is_as_in_one_go(tmp_path, data, steps):
    training = KILLED[data] | {"early_stopping": True, "patience": 7}
    config = {
        "scheduler_kwargs": PLATEAU,
        "checkpoint_config": {"every_steps": 3, "every_epochs": 1, "background": False},
    }
    small(tmp_path / "whole", data=data, training=training, **config).fit()
    whole = left(tmp_path / "whole" / "0")
    for step in steps:
        killed = tmp_path / f"killed-{step}"
        with pytest.raises(Killed):
            small(killed, Killer(step), data=data, training=training, **config).fit()
        small(killed, data=data, training=training, **config).fit(resume=0)
        assert left(killed / "0") == whole, step
        both = (RunPaths(tmp_path / "whole" / "0"), RunPaths(killed / "0"))
        assert compare_runs(*both, steps=None).identical


def test_an_evaluation_that_a_stop_forestalled_is_made_when_it_is_resumed(tmp_path):
    training = {"evaluate_every_steps": 4}
    small(tmp_path / "whole", training=training, scheduler_kwargs=PLATEAU).fit(max_steps=12)
    cut = tmp_path / "cut"
    small(cut, training=training, scheduler_kwargs=PLATEAU).fit(max_steps=8)
    again = small(cut, training=training)
    again.fit(resume=0, max_steps=12)
    rows, results, _ = left(cut / "0")
    assert rows == left(tmp_path / "whole" / "0")[0]
    assert results["best"] == left(tmp_path / "whole" / "0")[1]["best"]


class TestShortEpochs:
    @pytest.mark.parametrize("data", SOME)
    def test_an_epoch_has_no_more_batches(self, tmp_path, data):
        trainer = small(tmp_path, data=data, training={"limit_train_batches": 2})
        trainer.fit(max_epochs=2)
        assert places(trainer.run, "train/epoch_loss") == [(2, 1), (4, 2)]

    def test_its_samples_are_the_first_of_the_whole_epoch(self, tmp_path):
        class Seen(Callback):
            def __init__(self):
                self.batches = []

            def before_step(self, trainer, batches):
                self.batches += [x.tolist() for x, _ in batches]

        whole, short = Seen(), Seen()
        small(tmp_path, whole).fit(max_epochs=2)
        small(tmp_path, short, training={"limit_train_batches": 2}).fit(max_epochs=2)
        assert short.batches == whole.batches[:2] + whole.batches[STEPS : STEPS + 2]

    def test_schedules_know_of_it(self, tmp_path):
        section = {"scheduler_name": "OneCycleLR", "max_lr": 0.1}
        trainer = small(tmp_path, training={"limit_train_batches": 2}, scheduler_kwargs=section)
        trainer.fit()
        assert trainer.config.scheduler_kwargs.constructor_kwargs["total_steps"] == 6

    def test_an_evaluation_of_some_batches_is_that_of_their_samples(self, tmp_path):
        trainer = small(tmp_path, training={"evaluate_batches": 2})
        trainer.fit(max_epochs=1)
        points = Points("val")
        trainer.session.callbacks.best.restore(trainer.model)
        inputs = points.x[: 2 * BATCH]
        expected = (trainer.predict(inputs) - inputs.sum(1)).square().mean()
        recorded = trainer.results["last"]["validation/epoch_loss"]
        assert recorded == pytest.approx(float(expected), rel=1e-5)
        whole = trainer.evaluate("validation")["validation/epoch_loss"]
        assert whole != pytest.approx(recorded)
        assert trainer.run.evaluate("validation")["validation/epoch_loss"] == pytest.approx(whole)

    def test_a_whole_split_can_be_evaluated_all_the_same(self, tmp_path):
        short = small(tmp_path, training={"limit_train_batches": 2})
        short.fit(max_epochs=1)
        assert short.data.train_loader.num_samples == 2 * BATCH
        whole = short.run.evaluate("train", trust_code=True)["train/epoch_loss"]
        assert short.evaluate("train")["train/epoch_loss"] == pytest.approx(whole)

    @pytest.mark.parametrize("data", SOME)
    def test_the_same_few_batches_are_trained_on_and_evaluated(self, tmp_path, data):
        class Seen(Callback):
            def __init__(self):
                self.batches = []

            def before_step(self, trainer, batches):
                self.batches.append([x.tolist() for x, _ in batches])

        seen = Seen()
        config = {"training": {"overfit_batches": 2}, "data": data}
        trainer = small(tmp_path / "whole", seen, **config)
        trainer.fit(max_epochs=2)
        assert seen.batches[0] != seen.batches[1]
        assert seen.batches == seen.batches[:2] * 2
        validated = trainer.comprehend_config().loader("validation")
        assert [x.tolist() for x, _ in validated] == [x for (x,) in seen.batches[:2]]
        checkpoints = {"checkpoint_config": {"every_steps": 1, "background": False}}
        with pytest.raises(Killed):
            small(tmp_path / "cut", Killer(2), **config, **checkpoints).fit(max_epochs=2)
        small(tmp_path / "cut", **config, **checkpoints).fit(resume=0)
        both = (RunPaths(tmp_path / one / "0") for one in ("whole", "cut"))
        assert compare_runs(*both, steps=None).identical

    def test_what_they_do_not_go_with_is_refused(self, tmp_path):
        with pytest.raises(ConfigError, match="limit_train_batches and overfit_batches"):
            small(tmp_path, training={"overfit_batches": 1, "limit_train_batches": 1})
        with pytest.raises(ConfigError, match=r"did you mean.*overfit_batches"):
            small(tmp_path, training={"overfit_batch": 1})
        assert not os.listdir(tmp_path)


def test_without_a_test(tmp_path):
    trainer = small(tmp_path, training={"with_test": False})
    trainer.fit(max_epochs=1)
    assert trainer.results["test"] == {}
    assert trainer.evaluate("test")["test/loss"] > 0
