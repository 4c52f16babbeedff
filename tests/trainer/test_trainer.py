"""The one flow: from a config to a recorded run, and every way it can end."""

import hashlib
import json
import math

import jsonschema
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from stride.callbacks.base import Callback
from stride.config.schema import Config
from stride.errors import (
    ComponentError,
    ConfigError,
    DataError,
    NonFiniteError,
    RunError,
    UserError,
)
from stride.models.model import Model
from stride.runs.json_schemas import schemas
from stride.runs.layout import CheckpointPaths
from stride.runs.run import Run
from stride.trainer.starts.loaded import load_run
from stride.trainer.trainer import Trainer


def run_of(trainer):
    return Run(trainer.run.paths.path)


def test_a_run_leaves_every_file_of_the_design_and_each_fits_its_schema(make):
    trainer = make(
        dataset_kwargs={"normalize": "standard"},
        training_config={"use_milestones": True, "milestone_every": 1},
    )
    best = trainer.fit({"optimizer_kwargs.lr": 2e-3})
    paths = trainer.run.paths
    files = {str(p.relative_to(paths.path)) for p in paths.path.rglob("*") if p.is_file()}
    assert {
        "config.json",
        "status.json",
        "provenance.json",
        "results.json",
        "metrics.jsonl",
        "weights.safetensors",
        "normalization.json",
        "logs/rank0.log",
        "segments/0.json",
        "checkpoints/index.json",
    } <= files
    assert not any(".tmp" in name for name in files)
    known = schemas()
    for name, file in {
        "config": paths.config,
        "status": paths.status,
        "results": paths.results,
        "provenance": paths.provenance,
        "normalization": paths.normalization,
        "checkpoint_index": paths.checkpoint_index,
        "checkpoint_state": CheckpointPaths(run_of(trainer).checkpoints()[0]).state,
        "segment": paths.segment(0),
    }.items():
        jsonschema.validate(json.loads(file.read_text()), known[f"{name}.schema.json"])
    for line in paths.metrics.read_text().splitlines():
        jsonschema.validate(json.loads(line), known["metrics_row.schema.json"])
    run = run_of(trainer)
    assert run.status["state"] == "done"
    assert run.config == trainer.config
    assert Config.from_json(json.loads(paths.config.read_text())) == trainer.config
    assert run.provenance["overrides"] == ["optimizer_kwargs.lr=0.002"]
    assert run.provenance["origins"]["optimizer_kwargs.lr"] == "override 1"
    assert run.results["weights_sha256"] == hashlib.sha256(paths.weights.read_bytes()).hexdigest()
    assert (
        best == run.results["best"]["validation/epoch_loss"] == trainer.results["monitor"]["value"]
    )
    assert set(run.results["test"]) == {"test/loss", "test/accuracy"}
    assert [e["epoch"] for e in json.loads(paths.checkpoint_index.read_text())["entries"]] == [1, 2]


def test_the_stream_has_reports_and_epochs_under_canonical_names(make):
    trainer = make()
    trainer.fit()
    rows = run_of(trainer).metrics()
    epochs = [row for row in rows if "validation/epoch_loss" in row]
    assert [row["epoch"] for row in epochs] == [1, 2]
    assert set(epochs[0]) == {
        "step",
        "epoch",
        "time",
        "lr",
        "train/epoch_loss",
        "train/epoch_accuracy",
        "validation/epoch_loss",
        "validation/epoch_accuracy",
    }
    assert [row["step"] for row in rows] == sorted(row["step"] for row in rows)
    assert [row["step"] for row in rows if "train/loss" in row] == [2, 4, 6, 8]


def test_two_fits_are_two_runs_and_each_starts_anew(make):
    trainer = make()
    first = trainer.fit()
    second = trainer.fit()
    changed = trainer.fit({"optimizer_kwargs.lr": 1e-1}, run="fast")
    assert first == second != changed
    names = sorted(p.name for p in trainer.run.paths.path.parent.iterdir() if p.name[0] != ".")
    assert names == ["0", "1", "fast"]
    run = trainer.run
    assert isinstance(run, Run) and (run.name, run.state) == ("fast", "done")
    assert [row["epoch"] for row in run.metrics(rows="epochs")] == [1, 2]
    with pytest.raises(RunError, match="no training is under way"):
        trainer.log("mine", 1.0)


def test_the_same_config_gives_the_same_bits_whatever_was_drawn_before(make, tmp_path):
    make(work_dir=tmp_path / "a").fit()
    torch.rand(17)
    make(work_dir=tmp_path / "b").fit()
    a, b = (load_run(tmp_path / name, 0) for name in "ab")
    assert a.results["weights_sha256"] == b.results["weights_sha256"]
    times = ("time",)
    strip = lambda run: [{k: v for k, v in r.items() if k not in times} for r in run.metrics()]  # noqa: E731
    assert strip(a) == strip(b)


def test_the_best_weights_are_put_back_and_saved(make):
    # The largest loss is the first epoch's: the best weights are certainly not the last ones.
    trainer = make(training_config={"saving_metric": "validation/epoch_loss", "saving_mode": "max"})
    best = trainer.fit()
    again = trainer.evaluate("validation")
    assert again["validation/epoch_loss"] == best
    assert trainer.results["last"]["validation/epoch_loss"] != best
    loaded = load_run(trainer.run.paths.path)
    state = trainer.model.network.state_dict()
    assert all(torch.equal(state[k], v) for k, v in loaded.model.state_dict().items())
    assert not loaded.model.training
    assert loaded.evaluate("validation")["validation/epoch_loss"] == best


def test_a_saving_metric_and_its_direction_choose_the_best(make):
    trainer = make(training_config={"max_epochs": 4, "saving_metric": "val_accuracy"})
    best = trainer.fit()
    rows = [r for r in run_of(trainer).metrics() if "validation/epoch_accuracy" in r]
    assert best == max(row["validation/epoch_accuracy"] for row in rows)
    assert run_of(trainer).results["monitor"]["mode"] == "max"


def test_without_validation_the_training_loss_is_followed(make):
    trainer = make(training_config={"with_validation": False})
    best = trainer.fit()
    assert best == min(
        r["train/epoch_loss"] for r in run_of(trainer).metrics() if "train/epoch_loss" in r
    )


def test_early_stopping_is_done_with_a_reason(make):
    trainer = make(
        training_config={"max_epochs": 50, "early_stopping": True, "patience": 1, "min_delta": 1e9}
    )
    trainer.fit()
    status = run_of(trainer).status
    assert status["state"] == "done"
    assert status["reason"].startswith("early stopping: validation/epoch_loss")
    assert trainer.state.epoch == 2


def test_max_steps_of_fit_ends_inside_an_epoch(make):
    trainer = make()
    trainer.fit(max_steps=3)
    assert trainer.state.step == 3
    assert run_of(trainer).metrics()[-1]["step"] == 3
    names = [p.name for p in trainer.run.paths.checkpoints.iterdir() if p.is_dir()]
    assert names == ["mlp_digits_default_epoch_0_step_3"]


class Journal(Callback):
    def __init__(self):
        self.calls = []

    def before_train(self, trainer):
        self.calls.append("before_train")

    def before_step(self, trainer, batches):
        assert all(p.grad is not None for p in trainer.model.parameters())
        trainer.log("mine/step", trainer.state.step)

    def after_evaluate(self, trainer, metrics):
        metrics["mine/double"] = 2 * metrics["validation/epoch_loss"]

    def after_checkpoint(self, trainer, path):
        self.calls.append(path.name)

    def after_train(self, trainer):
        self.calls.append("after_train")

    def state_dict(self):
        return {"calls": self.calls}

    def load_state_dict(self, state):
        self.calls = state["calls"]


def test_callbacks_log_add_metrics_and_have_a_state(make):
    journal = Journal()
    trainer = make(
        callbacks=[journal], training_config={"saving_metric": "mine/double", "saving_mode": "min"}
    )
    trainer.fit()
    rows = run_of(trainer).metrics()
    assert [row["mine/step"] for row in rows if "mine/step" in row] == list(range(1, 9))
    assert journal.calls == ["before_train", "after_train", "mlp_digits_default_epoch_2"] or (
        journal.calls == ["before_train", "mlp_digits_default_epoch_2", "after_train"]
    )
    epoch = next(row for row in rows if "mine/double" in row)
    assert epoch["mine/double"] == 2 * epoch["validation/epoch_loss"]
    record = json.loads(
        trainer.run.paths.checkpoint("mlp_digits_default_epoch_2").state.read_text()
    )
    assert "callback-Journal" in record["parts"]


def test_a_subclass_has_the_same_hooks_without_the_trainer(make):
    class Own(Trainer):
        seen = 0

        def after_step(self, step):
            self.seen += step.size

        def after_epoch(self, metrics):
            self.stop("seen enough")
            self.stop("said too late", status="done")

    trainer = make(kind=Own)
    trainer.fit()
    assert trainer.seen == trainer.data.info.num_train
    assert run_of(trainer).status["state"] == "stopped"
    assert run_of(trainer).status["reason"] == "seen enough"


def test_own_parts_a_model_a_logger_and_steps(make):
    class Rows:
        def __init__(self):
            self.rows, self.closed = [], 0

        def open(self, paths, config):
            self.name = paths.name

        def write(self, row):
            self.rows.append(row)

        def close(self):
            self.closed += 1

    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    before = network[1].weight.detach().clone()
    trainer, rows = make(), Rows()
    trainer.set_model(network)
    trainer.set_logger(rows)
    trainer.fit(max_steps=5)
    assert not torch.equal(network[1].weight, before)
    assert rows.name == "0"
    assert rows.closed == 1
    assert rows.rows[-1]["step"] == 5
    run = load_run(trainer.run.paths.path)
    assert run.config.model_kwargs.model_name == "torch.nn.modules.container:Sequential"
    assert run.paths.initial_weights.is_file()
    with pytest.raises(ComponentError, match=r"was given from Python .*load_model\(model="):
        _ = run.model
    with pytest.raises(ComponentError, match=r"evaluate\(model="):
        run.evaluate()
    other = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    assert torch.equal(run.load_model(model=other)[1].weight, network[1].weight)
    assert run.evaluate(model=other) == trainer.evaluate()


def test_own_loaders_take_the_place_of_the_data(make):
    torch.manual_seed(0)
    data = TensorDataset(torch.randn(40, 3), torch.randn(40, 1))
    trainer = make(
        model_kwargs={"hidden": [4]},
        train_loader=DataLoader(data, batch_size=8, shuffle=True),
        val_loader=lambda: DataLoader(data, batch_size=40),
    )
    trainer.fit()
    assert trainer.config.criterion_kwargs.criterion_name == "MSELoss"
    assert trainer.state.step == 10
    assert "validation/mae" in trainer.results["last"]


def test_a_loss_that_is_not_finite_fails_the_run_and_leaves_it_readable(make):
    class Poison(Callback):
        def after_step(self, trainer, step):
            if trainer.state.step == 5:
                with torch.no_grad():
                    next(iter(trainer.model.parameters())).fill_(math.nan)

    errors = []

    class Told(Callback):
        def on_exception(self, trainer, error):
            errors.append(type(error))

    trainer = make(callbacks=[Poison(), Told()], training_config={"max_epochs": 9})
    with pytest.raises(NonFiniteError, match="step 6, batch 2 of epoch 2"):
        trainer.fit()
    run = run_of(trainer)
    assert errors == [NonFiniteError] and trainer.run.state == "failed"
    assert run.status["state"] == "failed"
    assert run.status["reason"].startswith("nonfinite")
    assert all(torch.isfinite(p).all() for p in load_run(run.path).model.parameters())
    assert run.results["best"]["epoch"] == 1
    assert math.isnan(run.metrics()[-1]["train/loss"])
    assert "Traceback" in run.log()


def test_a_loss_that_is_to_raise_does_so_before_its_update(make):
    class Poison(Callback):
        def after_step(self, trainer, step):
            if trainer.state.step == 2:
                trainer.model.network.register_forward_hook(lambda *call: call[-1] * math.nan)

    trainer = make(callbacks=[Poison()], training_config={"nonfinite": "raise"})
    with pytest.raises(NonFiniteError, match="step 3"):
        trainer.fit()
    assert all(torch.isfinite(p).all() for p in trainer.model.parameters())


def test_a_users_exception_is_passed_on_untouched_and_recorded(make):
    class Broken(Callback):
        def after_epoch(self, trainer, metrics):
            raise KeyError("mine")

    trainer = make(callbacks=[Broken()])
    with pytest.raises(KeyError, match="mine"):
        trainer.fit()
    status = run_of(trainer).status
    assert (status["state"], status["reason"]) == ("failed", "KeyError: 'mine'")


def test_only_the_best_is_nan_when_nothing_was_a_number(make, caplog):
    class Blind(Callback):
        def after_evaluate(self, trainer, metrics):
            metrics["mine"] = math.nan

    trainer = make(
        callbacks=[Blind()], training_config={"saving_metric": "mine", "saving_mode": "max"}
    )
    assert math.isnan(trainer.fit())


WRONG = {
    "unknown section key": ({"optimizer_kwargs": {"lrr": 1.0}}, "lr"),
    "unknown model key": ({"model_kwargs": {"hiden": [3]}}, "hidden"),
    "unknown loader key": ({"load_data_kwargs": {"num_worker": 1}}, "num_workers"),
    "wrong type": ({"optimizer_kwargs": {"lr": "fast"}}, "optimizer_kwargs.lr"),
    "refused value": ({"optimizer_kwargs": {"lr": -1.0}}, "Invalid learning rate"),
    "unknown dataset": ({"dataset_kwargs": {"dataset_name": "digit"}}, "digits"),
    "unknown optimizer": ({"optimizer_kwargs": {"optimizer_name": "AdamX"}}, "Adam"),
    "unknown metric": ({"training_config": {"metrics": ["acuracy"]}}, "accuracy"),
    "metric that does not fit": ({"training_config": {"metrics": ["r2"]}}, "r2"),
    "two metrics of one name": ({"training_config": {"metrics": ["f1", "m:f1"]}}, "validation/f1"),
    "metric nobody evaluates": (
        {"training_config": {"stopping_metric": "val_f1", "early_stopping": True}},
        "validation/f1",
    ),
    "shapes that do not fit": ({"model_kwargs": {"input_shape": [3, 8, 8]}}, "does not fit|shape"),
    "loss that does not fit": ({"criterion_kwargs": {"criterion_name": "MSELoss"}}, "targets"),
    "device not there": ({"device": "cuda:77"}, "device"),
    "run name": ({"run": "../x"}, "run"),
    "reserved run name": ({"run": "latest"}, "latest"),
    "unknown logger": ({"logging_config": {"loggers": ["csvv"]}}, "csv"),
    "unknown callback": ({"training_config": {"callbacks": ["no.such:Thing"]}}, "no"),
    "scheduler without a name": ({"scheduler_kwargs": {"gamma": 0.1}}, "scheduler_name"),
    "unknown scheduler key": (
        {"scheduler_kwargs": {"scheduler_name": "StepLR", "step_sise": 1}},
        "step_size",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_told_in_one_line_and_leaves_no_folder(make, tmp_path, case):
    # Law 7.
    arguments, expected = WRONG[case]
    with pytest.raises(UserError, match=expected) as caught:
        make(**arguments).fit()
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
    assert not (tmp_path / "w").exists()


def test_an_existing_run_is_refused_and_replaced_only_by_a_valid_config(make):
    trainer = make(run="a")
    trainer.fit()
    uuid = run_of(trainer).status["uuid"]
    with pytest.raises(RunError, match="a"):
        trainer.fit()
    with pytest.raises(UserError):
        trainer.fit({"model_kwargs.hiden": [1]}, force=True)
    with pytest.raises(RunError, match="exists already"):  # told before the data is looked for
        trainer.fit({"dataset_kwargs.dataset_name": "table", "dataset_kwargs.path": "nowhere.csv"})
    assert run_of(trainer).status["uuid"] == uuid
    trainer.fit(force=True)
    assert run_of(trainer).status["uuid"] != uuid


def test_the_probe_leaves_no_trace(make):
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(64, 10)
            self.norm = nn.BatchNorm1d(10)
            self.calls = 0

        def forward(self, x):
            self.calls += 1
            return self.norm(self.linear(x.flatten(1)))

    network = Counting()
    trainer = make()
    trainer.set_model(network)
    found = trainer.check()
    assert found["parameters"] == 64 * 10 + 10 + 20
    assert found["loss"] > 0
    assert network.calls == 0
    assert network.norm.num_batches_tracked == 0
    assert network.linear.weight.grad is None


@pytest.mark.parametrize(
    "scheduler",
    [
        {"scheduler_name": "StepLR", "step_size": 1, "gamma": 0.5},
        {"scheduler_name": "OneCycleLR", "max_lr": 0.1},
        {"scheduler_name": "CosineAnnealingLR"},
        {"scheduler_name": "ReduceLROnPlateau", "patience": 0},
        {"scheduler_name": "LinearLR", "interval": "step"},
    ],
)
def test_schedulers_step_as_they_need(make, scheduler):
    trainer = make(scheduler_kwargs=scheduler, optimizer_kwargs={"lr": 0.01})
    trainer.fit(max_epochs=4)
    rates = [r["lr"] for r in run_of(trainer).metrics() if "train/epoch_loss" in r]
    if scheduler["scheduler_name"] == "StepLR":
        assert rates == pytest.approx([0.01, 0.005, 0.0025, 0.00125])
    if scheduler["scheduler_name"] == "CosineAnnealingLR":
        assert trainer.config.scheduler_kwargs.constructor_kwargs["T_max"] == 4
    if scheduler["scheduler_name"] == "OneCycleLR":
        assert trainer.config.scheduler_kwargs.constructor_kwargs["total_steps"] == 16
        assert trainer.config.scheduler_kwargs.interval == "step"


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("model_kwargs.hiden=3", "unknown key model_kwargs.hiden (override 2); did you mean"),
        ("model_kwargs.hidden=x", "(override 2)"),
        ("optimizer_kwargs.lr=fast", "optimizer_kwargs.lr must be a number, not 'fast' (override"),
    ],
)
def test_a_wrong_argument_of_a_constructor_names_its_origin(tmp_path, override, said):
    trainer = Trainer(overrides=[f"work_dir={tmp_path / 'w'}", override])
    with pytest.raises(ConfigError) as caught:
        trainer.check()
    assert said in str(caught.value)
    assert caught.value.key == override.partition("=")[0]


def test_what_is_missing_has_no_origin(make):
    with pytest.raises(ConfigError, match=r"^scheduler_kwargs\.step_size is missing: [^()]*;"):
        make(scheduler_kwargs={"scheduler_name": "StepLR"}).check()


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "RMSprop", "LBFGS", "Adafactor"])
def test_torch_optimizers_train(make, optimizer):
    trainer = make(optimizer_kwargs={"optimizer_name": optimizer})
    assert math.isfinite(trainer.fit())
    if optimizer == "SGD":
        assert trainer.config.optimizer_kwargs.constructor_kwargs["fused"] is True


def test_precision_accumulation_clipping_and_determinism_work_together(make):
    options = {"precision": "bf16", "accumulate": 2, "clip_grad_norm": 1.0, "deterministic": True}
    trainer = make(training_config=options)
    assert math.isfinite(trainer.fit())
    assert trainer.state.step == 4
    assert not torch.are_deterministic_algorithms_enabled()


def test_the_base_config_of_a_work_dir_is_the_weakest_layer(make, tmp_path):
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "config.json").write_text('{"optimizer_kwargs": {"lr": 0.5}, "seed": 7}')
    trainer = make(seed=3)
    trainer.fit()
    assert (trainer.config.seed, trainer.config.optimizer_kwargs.constructor_kwargs["lr"]) == (
        3,
        0.5,
    )
    assert trainer.origins["optimizer_kwargs.lr"] == "work_dir"


def test_a_trainer_takes_a_whole_config_or_its_file(tmp_path, make):
    first = make()
    first.fit()
    values = first.config.to_json()
    assert Trainer(values).config == first.config
    file = tmp_path / "c.json"
    file.write_text(json.dumps(values))
    assert Trainer(file).config == first.config


def test_a_run_taken_over_gives_config_data_and_weights(make):
    first = make(model_kwargs={"hidden": [5]}, dataset_kwargs={"normalize": True})
    first.fit()
    other = make()
    run = other.load_run(0)
    assert run.name == "0"
    assert other.config.model_kwargs.constructor_kwargs["hidden"] == [5]
    assert other.evaluate("test") == first.evaluate("test")
    assert other.data.normalization == first.data.normalization
    other.fit({"optimizer_kwargs.lr": 0.5}, max_steps=1)
    assert other.run.name == "1"
    assert other.config.model_kwargs.constructor_kwargs["hidden"] == [5]
    assert other.config.optimizer_kwargs.constructor_kwargs["lr"] == 0.5


def test_what_was_given_stays_when_a_run_is_taken_over(make):
    make().fit(run="a", max_epochs=1)
    noise = [(torch.randn(64, 1, 8, 8), torch.zeros(64, dtype=torch.long))]
    trainer = make(test_loader=noise)
    trainer.load_run("a")
    assert trainer.data.test_loader.loader is noise
    assert trainer.evaluate("test") != trainer.load_run("a").results["test"]
    assert trainer.evaluate("validation")["validation/epoch_loss"] > 0
    tested = make(mode_test=True)
    tested.load_run("a")
    assert tested.data.train_loader is None and tested.data.val_loader is None
    assert tested.evaluate("test") == pytest.approx(tested.load_run("a").results["test"])


def test_a_train_loader_that_was_given_is_trained_on_when_a_run_is_taken_over(make):
    batches = [(torch.randn(4, 1, 8, 8), torch.zeros(4, dtype=torch.long))] * 2
    ten = {"output_shape": [10]}
    make(train_loader=batches, model_kwargs=ten).fit(run="a", max_epochs=1)
    trainer = make(train_loader=batches, model_kwargs=ten)
    trainer.load_run("a")  # whose config alone cannot build the data
    trainer.fit(max_epochs=1)
    assert trainer.data.train_loader.loader is batches


def test_a_model_that_was_set_is_filled_by_a_run_of_its_kind_alone(make):
    def net():
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))

    first = make()
    first.set_model(net())
    first.fit(run="given", max_epochs=1)
    make().fit(run="built", max_epochs=1)
    other, mine = make(), net()
    other.set_model(mine)
    other.load_run("given")
    assert other.model.network is mine
    assert other.evaluate("test") == first.evaluate("test")
    other.load_run("built")
    assert other.model.network is not mine
    other.fit(max_steps=1)
    assert other.config.model_kwargs.model_name == "MLP"


def test_init_from_starts_from_a_runs_weights_and_copies_them(make, tmp_path):
    first = make()
    first.fit()
    second = make(model_kwargs={"init_from": str(tmp_path / "w" / "0")})
    second.fit(max_steps=1)
    from stride.models.weights import read_weights

    start = read_weights(second.run.paths.initial_weights)
    best = read_weights(first.run.paths.weights)
    assert all(torch.equal(start[name], value) for name, value in best.items())
    with pytest.raises(UserError, match="do not fit"):
        make(model_kwargs={"hidden": [3], "init_from": str(tmp_path / "w" / "0")}).fit()


class Taught(Model):
    def training_step(self, batch):
        x, y = batch
        return self.criterion(self.network(x), y)


def test_a_model_of_ones_own_may_return_a_bare_loss(make):
    trainer = make()
    trainer.set_model(Taught(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), nn.CrossEntropyLoss()))
    with pytest.raises(DataError, match=r"metrics|outputs"):
        trainer.fit({"training_config.metrics": ["accuracy"]})
    assert math.isfinite(trainer.fit())
    assert trainer.config.training_config.metrics == []  # nobody asked for any


def test_no_work_dir_is_refused():
    with pytest.raises(ConfigError, match="work_dir"):
        Trainer()


def test_a_stack_trace_shows_the_users_mistake_within_four_calls(make):
    class Mistaken(Model):
        steps = 0

        def training_step(self, batch):
            self.steps += 1
            if self.steps > 2:  # the probe takes two, of a copy
                raise ZeroDivisionError("mine")
            return super().training_step(batch)

    trainer = make()
    trainer.set_model(
        Mistaken(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), nn.CrossEntropyLoss())
    )
    with pytest.raises(ZeroDivisionError) as caught:
        trainer.fit()
    names = [entry.frame.code.raw.co_name for entry in caught.traceback]
    assert names[names.index("fit") :] == [
        "fit",
        "fit",
        "run",
        "advance",
        "gradients",
        "training_step",
    ]


def test_a_run_that_failed_before_any_evaluation_has_no_weights_and_no_best(make):
    trainer = make(optimizer_kwargs={"optimizer_name": "SGD", "lr": 1e30})
    with pytest.raises(NonFiniteError):
        trainer.fit()
    run = load_run(trainer.run.paths.path)
    assert run.results["best"] == {}
    with pytest.raises(RunError, match="no weights here"):
        _ = run.model


def test_a_subclass_may_follow_a_metric_of_its_own(make):
    class Own(Trainer):
        def after_evaluate(self, metrics):
            metrics["mine/score"] = 1.0 / metrics["validation/epoch_loss"]

    trainer = make(kind=Own, training_config={"saving_metric": "mine/score"})
    assert trainer.fit() == pytest.approx(1.0 / trainer.results["best"]["validation/epoch_loss"])


def test_a_hook_that_fails_on_an_exception_hides_nothing(make):
    class Bad(Callback):
        def after_epoch(self, trainer, metrics):
            raise ValueError("the mistake")

        def on_exception(self, trainer, error):
            raise KeyError("another")

    trainer = make(callbacks=[Bad()])
    with pytest.raises(ValueError, match="the mistake"):
        trainer.fit()
    run = run_of(trainer)
    assert run.status["reason"] == "ValueError: the mistake"
    assert run.results["last"]["epoch"] == 1
    assert "on_exception failed" in run.log()


def test_a_test_split_that_fails_costs_no_results(make):
    def broken():
        yield from [(torch.zeros(2, 3), torch.zeros(2))]

    trainer = make(test_loader=broken)
    with pytest.raises(RuntimeError):
        trainer.fit()
    run = load_run(trainer.run.paths.path)
    assert run.status["state"] == "failed"
    assert run.results["best"]["epoch"] == 2
    assert run.paths.weights.is_file()


def test_lazy_layers_are_refused_before_a_folder_exists(make, tmp_path):
    trainer = make()
    trainer.set_model(nn.Sequential(nn.Flatten(), nn.LazyLinear(10)))
    with pytest.raises(ConfigError, match="lazy layers"):
        trainer.fit()
    assert not (tmp_path / "w").exists()


def test_a_module_with_extra_state_trains_and_is_read_back(make):
    class Extra(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(64, 10)

        def forward(self, x):
            return self.layer(x.flatten(1))

        def get_extra_state(self):
            return {"v": 3}

        def set_extra_state(self, state):
            assert state == {"v": 3}

    trainer = make()
    trainer.set_model(Extra())
    trainer.fit()
    loaded = load_run(trainer.run.paths.path).load_model(model=Extra())
    assert torch.equal(loaded.layer.weight, trainer.model.network.layer.weight)


def test_an_optimizer_that_needs_a_closure_is_refused_with_fp16(make, tmp_path):
    trainer = make(
        optimizer_kwargs={"optimizer_name": "LBFGS"}, training_config={"precision": "fp16"}
    )
    with pytest.raises(ConfigError, match="LBFGS cannot be used with fp16"):
        trainer.fit()
    assert not (tmp_path / "w").exists()
