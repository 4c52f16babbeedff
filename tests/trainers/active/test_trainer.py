"""Rounds of the one loop: what they train on, ask for, begin with, and when they end."""

import json
import re
import time
from itertools import pairwise

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from stride.active.curves.curve import Curve
from stride.active.curves.groups import group_curves, read_runs
from stride.callbacks.base import Callback
from stride.callbacks.retention import RetentionPolicy
from stride.distributed import rank
from stride.errors import DataError, RunError, UserError
from stride.models.model import Step
from stride.runs.files.jsonl import read_lines
from stride.runs.labels.query_csv import read_query
from stride.runs.layout import RunPaths
from stride.runs.run import Run
from stride.runs.verify.run import verify_run
from stride.trainer.starts.loaded import load_run
from stride.trainers.active.cycle import Cycle
from stride.trainers.active.human_oracle import unknown
from stride.trainers.active.trainer import ActiveTrainer

ACTIVE = {"strategy": "MarginSampling", "start_size": 6, "num_queries": 4, "num_rounds": 2}


class Watch(Callback):
    """Note what each round begins with, and what it trains on."""

    def __init__(self):
        self.starts, self.rates, self.moments, self.seen = [], [], [], []

    def before_train(self, trainer):
        self.starts.append({k: v.clone() for k, v in trainer.model.state_dict().items()})
        self.moments.append(len(trainer.optimizer.state))
        self.rates.append([])
        self.seen.append(set())

    def before_step(self, trainer, batches):
        self.rates[-1].append(trainer.optimizer.param_groups[0]["lr"])
        self.seen[-1] |= {tuple(row.tolist()) for batch in batches for row in batch[0].flatten(1)}


def trainer(folder, callbacks=(), active=(), **sections):
    training = {"max_epochs": 3, "log_interval": 2, **sections.pop("training_config", {})}
    return ActiveTrainer(
        folder,
        callbacks=callbacks,
        device="cpu",
        dataset_kwargs={"dataset_name": "digits", "subsample_rate": 0.05},
        load_data_kwargs={"batch_size": 4},
        model_kwargs={"model_name": "MLP", "hidden": [6], "dropout": 0.0},
        optimizer_kwargs={"lr": 0.01},
        training_config=training,
        logging_config={"terminal_display": "off"},
        active_config={**ACTIVE, **dict(active)},
        **sections,
    )


def fitted(folder, callbacks=(), active=(), **sections):
    made = trainer(folder, callbacks, active, **sections)
    made.fit()
    return made


def rows(made):
    return read_lines(made.run.paths.rounds)


def queries(made):
    return [(row["queried"], row["scores"]) for row in rows(made)]


def test_each_round_trains_on_the_labelled_samples_and_no_other(tmp_path):
    watch = Watch()
    made = fitted(tmp_path, [watch])
    told = rows(made)
    assert [row["round"] for row in told] == [0, 1, 2]
    assert [row["labelled"] for row in told] == [6, 10, 14]
    assert [len(row["queried"]) for row in told] == [4, 4, 0]
    source = made.data.sources["train"]
    ids = made.builder.kind._pool.rounds.labelled.tolist()
    assert len(set(ids)) == 14 and ids[6:10] == told[0]["queried"]
    for size, seen in zip((6, 10, 14), watch.seen, strict=True):
        assert seen == {tuple(source[i][0].flatten().tolist()) for i in ids[:size]}
    assert [row["epoch"] for row in told] == [3, 6, 9]
    assert made.curve == Curve((6, 10, 14), tuple(row["metrics"]["test/accuracy"] for row in told))
    report = verify_run(made.run.paths.path)
    assert report.problems == [] and report.counts["rounds"] == 3
    curve = json.loads(made.run.paths.curve.read_text())
    assert curve["values"] == list(made.curve.values) and curve["area"] == made.curve.area()
    assert made.run.paths.curve_plot.read_bytes()[:4] == b"\x89PNG"


def test_the_run_is_like_any_other(tmp_path):
    made = fitted(tmp_path)
    run = load_run(made.run.paths.path)
    assert run.status["state"] == "done" and run.status["reason"] == "2 queries are made"
    assert run.evaluate("test")["test/accuracy"] == made.curve.values[-1]
    assert run.config.trainer == "active"
    last = [row for row in run.metrics() if "active/round" in row]
    assert [row["active/labelled"] for row in last] == [6, 10, 14]


def test_the_same_seed_asks_the_same_and_another_does_not(tmp_path):
    asked = [queries(fitted(tmp_path, seed=seed)) for seed in (1, 1, 2)]
    assert asked[0] == asked[1] != asked[2]


@pytest.mark.parametrize("weights", ["reset", "keep", "shrink_perturb"])
def test_a_round_begins_with_the_weights_that_were_asked_for(tmp_path, monkeypatch, weights):
    watch = Watch()
    made = trainer(tmp_path, [watch], {"weights": weights, "shrink": 0.5, "perturb": 0.0})
    best = []
    measure = Cycle._measure

    def measured(cycle):
        values = measure(cycle)
        best.append({k: v.clone() for k, v in made.model.state_dict().items()})
        return values

    monkeypatch.setattr(Cycle, "_measure", measured)
    made.fit()
    for before, start in zip(best, watch.starts[1:], strict=False):
        for name, value in start.items():
            factor = {"reset": None, "keep": 1.0, "shrink_perturb": 0.5}[weights]
            expected = watch.starts[0][name] if factor is None else before[name] * factor
            assert torch.equal(value, expected), name


def test_a_round_is_measured_by_its_best_weights(tmp_path, monkeypatch):
    made = trainer(tmp_path, training_config={"max_epochs": 6}, active={"num_rounds": 1})
    made.builder.resolved = made.builder.resolved.override({"optimizer_kwargs.lr": 1.0})
    measure, last = Cycle._measure, []

    def measured(cycle):
        before = made.evaluate("validation")["validation/epoch_loss"]
        values = measure(cycle)
        after = made.evaluate("validation")["validation/epoch_loss"]
        assert after == values["validation/epoch_loss"] <= before
        last.append(before != after)
        return values

    monkeypatch.setattr(Cycle, "_measure", measured)
    made.fit()
    assert len(last) == 2 and any(last)  # or nothing was to be restored


def test_noise_is_added_where_it_is_asked_for_and_is_the_seeds(tmp_path):
    starts = []
    for seed in (1, 1, 2):
        watch = Watch()
        made = fitted(tmp_path, [watch], {"weights": "shrink_perturb", "shrink": 0.0}, seed=seed)
        first, second = (torch.cat([v.flatten() for v in s.values()]) for s in watch.starts[1:])
        assert not torch.equal(first, second)  # of another round
        starts.append(first)
    assert torch.equal(starts[0], starts[1]) and not torch.equal(starts[0], starts[2])
    assert starts[0].std().item() == pytest.approx(made.config.active_config.perturb, rel=0.2)


@pytest.mark.parametrize(("kept", "states"), [("reset", [0, 0, 0]), ("keep", [0, 6, 6])])
def test_the_optimisers_state_lasts_where_it_is_asked_for(tmp_path, kept, states):
    watch = Watch()
    fitted(tmp_path, [watch], {"optimizer": kept})
    assert watch.moments == states


def test_a_schedule_is_as_long_as_its_round(tmp_path):
    """One that ran on, or had the first round's length, would end at no rate or before the end."""
    watch = Watch()
    fitted(tmp_path, [watch], scheduler_kwargs={"scheduler_name": "OneCycleLR", "max_lr": 0.1})
    assert [len(rates) for rates in watch.rates] == [6, 9, 12]
    for rates in watch.rates:
        assert rates[0] == pytest.approx(0.1 / 25) and rates[-1] < 0.001
        assert max(rates) > 0.05


def test_a_schedule_goes_on_where_it_is_asked_for(tmp_path):
    watch = Watch()
    schedule = {"scheduler_name": "ExponentialLR", "gamma": 0.5}
    fitted(tmp_path, [watch], {"schedule": "keep"}, scheduler_kwargs=schedule)
    epochs = [sorted(set(rates), reverse=True) for rates in watch.rates]
    whole = [rate for rates in epochs for rate in rates]
    assert whole == pytest.approx([0.01 * 0.5**n for n in range(9)])


def test_early_stopping_and_the_best_begin_anew(tmp_path):
    stopping = {"early_stopping": True, "patience": 2, "min_delta": 100.0, "max_epochs": 9}
    made = fitted(tmp_path, training_config=stopping)
    assert [row["epoch"] for row in rows(made)] == [3, 6, 9]  # the first is an improvement
    assert made.run.paths.path.joinpath("status.json").exists()
    best = Run(made.run.paths.path).results["best"]
    assert best["epoch"] > 6  # of the last round alone


@pytest.mark.parametrize(
    ("active", "sizes", "reason"),
    [
        ({"budget": 9, "num_rounds": 9}, [6, 9], "the budget of 9 labels is spent"),
        ({"num_rounds": 0}, [6], "0 queries are made"),
        ({"target": 0.0}, [6], "test/accuracy is .*: the target 0 is reached"),
        ({"target": 100.0, "metric": "test_loss"}, [6], "test/loss .* target 100 is reached"),
        ({"min_score": 1.5}, [6], "no sample scores 1.5: the largest score is "),
        ({"num_queries": 40, "num_rounds": 9}, [6, 46, 63], "the pool is empty"),
    ],
)
def test_it_ends_when_it_should(tmp_path, active, sizes, reason):
    made = fitted(tmp_path, active=active)
    assert [row["labelled"] for row in rows(made)] == sizes
    assert rows(made)[-1]["queried"] == []
    status = Run(made.run.paths.path).status
    assert status["state"] == "done" and re.match(reason, status["reason"])


class Sure(nn.Module):
    """Classify, and tell how sure it is."""

    def __init__(self, in_features: int, num_classes: int) -> None:
        super().__init__()
        self.layer = nn.Linear(in_features, num_classes)

    def forward(self, inputs):
        return self.layer(inputs.flatten(1))

    def training_step(self, batch):
        outputs = self(batch[0])
        loss = nn.functional.cross_entropy(outputs, batch[1])
        sure = outputs.softmax(1).amax(1).mean()
        return Step(loss, len(outputs), outputs, batch[1], values={"sure": sure})


@pytest.mark.parametrize(
    ("mode", "target", "sizes"), [("max", 1.0, [6, 10, 14]), ("min", 1.0, [6])]
)
def test_a_named_value_of_the_steps_may_be_what_rounds_are_compared_by(
    tmp_path, mode, target, sizes
):
    active = {"metric": "test/sure", "metric_mode": mode, "target": target}
    made = trainer(tmp_path, active=active)
    made.fit({"model_kwargs": {"model_name": f"{__name__}:Sure"}})
    assert [row["labelled"] for row in rows(made)] == sizes
    curve = json.loads(made.run.paths.curve.read_text())
    assert (curve["metric"], curve["mode"]) == ("test/sure", mode)
    assert curve["values"] == [row["metrics"]["test/sure"] for row in rows(made)]
    found = group_curves(read_runs(tmp_path))
    assert (found.metric, found.mode) == ("test/sure", mode)


def test_a_persons_stop_ends_the_rounds(tmp_path):
    class Stop(Callback):
        def after_step(self, trainer, step):
            if trainer.state.step == 8:
                trainer.stop("enough")

    made = fitted(tmp_path, [Stop()])
    status = Run(made.run.paths.path).status
    assert (status["state"], status["reason"], len(rows(made))) == ("stopped", "enough", 1)


@pytest.mark.parametrize("start", ["random", "stratified", [3, 1, 60]])
def test_the_start_is_as_it_was_asked_for(tmp_path, start):
    made = trainer(tmp_path, active={"start": start, "start_size": 10})
    made.comprehend_config()
    ids = made.builder.kind._pool.rounds.labelled.tolist()
    assert len(set(ids)) == len(ids) == (3 if isinstance(start, list) else 10)
    if start == "stratified":
        assert len({int(made.data.sources["train"][i][1]) for i in ids}) == 10
    if isinstance(start, list):
        assert ids == start


HYPERBOLIC = {"scheduler_name": "HyperbolicLR", "interval": "step", "upper_bound": 1000}


@pytest.mark.parametrize(
    ("active", "sections", "message"),
    [
        ({"strategy": "EntropySampling2"}, {}, "EntropySampling"),
        ({"strategy_kwargs": {"num_pases": 3}, "strategy": "BALD"}, {}, "num_passes"),
        ({"strategy": "BALD"}, {}, "dropout"),
        ({"strategy": "QueryByCommittee"}, {}, "committee"),
        ({"start": [1, 99]}, {}, "has 99, and the split has 63 samples"),
        ({"start": [1, 1]}, {}, "twice"),
        ({"class_weights": [0.5, 0.5]}, {}, "2 weights for 10 classes"),
        ({"strategy": "textwrap:dedent"}, {}, "called as rule"),
        ({"start_size": 99}, {}, "99 samples are to be labelled"),
        ({}, {"load_data_kwargs": {"sampler": "torch.utils.data:RandomSampler"}}, "sampler"),
        ({}, {"training_config": {"overfit_batches": 2}}, "chooses the samples by itself"),
        ({}, {"dataset_kwargs": {"subsample_rate": 1.5}}, "each repetition"),
        ({}, {"scheduler_kwargs": HYPERBOLIC}, "more than `upper_bound`"),
        ({}, {"training_config": {"predict_final_loss": True}}, "each round begins another"),
        ({"metric": "test/acuracy"}, {}, "active_config.metric_mode is needed"),
        ({"metric": "test/acuracy", "metric_mode": "max"}, {}, r"'test/acuracy'.*'test/accuracy'"),
        ({"metric": "test/loss"}, {"training_config": {"with_test": False}}, "'test/loss' is"),
        ({"feature_layer": "layrs.0", "strategy": "CoreSet"}, {}, "layrs.0"),
    ],
)
def test_what_cannot_work_is_refused_before_there_is_a_run(tmp_path, active, sections, message):
    made = trainer(tmp_path / "w", active=active)
    with pytest.raises(UserError, match=message):
        made.fit(sections)
    assert not (tmp_path / "w").exists()


def test_numbers_that_are_asked_for_cannot_be_normalised(tmp_path):
    inputs = torch.arange(60.0).view(20, 3).numpy()
    np.savez(tmp_path / "d.npz", inputs=inputs, targets=inputs.sum(1))
    data = {"dataset_name": "arrays", "path": str(tmp_path / "d.npz"), "subsample_rate": 1}
    active = {"strategy": "CoreSet", "start_size": 4, "num_queries": 2, "metric": "test/mae"}
    made = ActiveTrainer(tmp_path / "w", dataset_kwargs=data, active_config=active)
    with pytest.raises(UserError, match="labels that are asked for are not normalised"):
        made.fit({"dataset_kwargs.normalize_targets": "minmax"})
    assert not (tmp_path / "w").exists()


def test_an_own_loader_has_no_pool(tmp_path):
    loader = torch.utils.data.DataLoader([(torch.zeros(3), 0)] * 4)
    with pytest.raises(DataError, match="a pool is needed"):
        ActiveTrainer(tmp_path / "w", train_loader=loader, model=nn.Linear(3, 2)).fit()


def test_more_rounds_after_the_end_equal_those_of_one_training(tmp_path):
    whole = fitted(tmp_path / "whole", active={"num_rounds": 3})
    fitted(tmp_path / "cut", active={"num_rounds": 1})
    again = ActiveTrainer(tmp_path / "cut")
    again.fit({"active_config.num_rounds": 3}, resume=0)
    assert queries(again) == queries(whole) and again.curve == whole.curve
    ends = [one.run.paths.weights.read_bytes() for one in (again, whole)]
    assert ends[0] == ends[1]
    with pytest.raises(RunError):
        ActiveTrainer(tmp_path / "cut").fit(resume=0)


def test_longer_rounds_are_another_past(tmp_path):
    fitted(tmp_path, active={"num_rounds": 1})
    longer = {"training_config.max_epochs": 5, "active_config.num_rounds": 2}
    with pytest.raises(RunError, match=r"training_config\.max_epochs was 3 and is 5"):
        ActiveTrainer(tmp_path).fit(longer, resume=0)


def test_it_can_be_reproduced(tmp_path):
    made = fitted(tmp_path, active={"strategy": "BADGE"})
    record = trainer(tmp_path).reproduce(0)
    assert record.identical and record.weights == "identical"
    again = read_lines(RunPaths(tmp_path / "1").rounds)
    assert [row["queried"] for row in again] == [row["queried"] for row in rows(made)]


@pytest.mark.ddp
def test_two_processes_ask_what_one_asks(ranks, tmp_path):
    alone = fitted(tmp_path / "alone")
    answers = ranks(2, _of_two, tmp_path / "two", group=False)
    assert answers[0] == answers[1]
    assert answers[0][0] == [ids for ids, _ in queries(alone)]
    assert {one % 10 for one in answers[0][-1][6:]} == {9}  # as rank 0 would have it


def _of_two(folder):
    made = trainer(folder)
    made.builder.resolved = made.builder.resolved.override({"load_data_kwargs.batch_size": 2})
    made.fit()
    mine = {"strategy": f"{__name__}:by_rank", "num_rounds": 1}
    other = fitted(folder, active=mine, training_config={"max_epochs": 1})
    return (
        [row["queried"] for row in rows(made)],
        made.state.step,
        other.builder.kind._pool.rounds.labelled.tolist(),
    )


def by_rank(model, pool):
    return ((pool.ids + 7 * rank()) % 10).double()


def test_a_checkpoint_that_is_still_written_outlives_the_next_round(tmp_path, monkeypatch):
    """The round that follows tidies up; what is not in the list yet is no rubbish."""
    add, measure = RetentionPolicy.add, Cycle._measure

    def late(*arguments):  # what the thread does once the folder is in its place
        time.sleep(0.4)
        add(*arguments)

    def measured(cycle):  # until it is there
        time.sleep(0.2)
        return measure(cycle)

    monkeypatch.setattr(RetentionPolicy, "add", late)
    monkeypatch.setattr(Cycle, "_measure", measured)
    made = fitted(tmp_path)
    assert verify_run(made.run.paths.path).problems == []


def test_numbers_that_nobody_knows_are_found_in_any_shape():
    numbers = torch.tensor([[1.0], [torch.nan], [2.0]])
    assert unknown(numbers).tolist() == unknown(numbers[:, 0]).tolist() == [False, True, False]
    assert unknown(torch.tensor([0, -1, 3])).tolist() == [False, True, False]


def test_labels_that_the_dataset_does_not_know_are_no_labels(tmp_path):
    x = torch.randn(40, 3)
    y = (x.sum(1) > 0).long()
    y[7] = -1
    save_file({"inputs": x, "targets": y}, tmp_path / "data.safetensors")
    whole = {"val_fraction": 0.0, "test_fraction": 0.0}
    data = {"dataset_name": "arrays", "path": str(tmp_path / "data.safetensors"), **whole}
    made = ActiveTrainer(tmp_path / "w", device="cpu", dataset_kwargs=data)
    with pytest.raises(DataError, match=r"know the labels of 1 of 40 samples.*oracle=person"):
        made.fit()
    assert not (tmp_path / "w").exists()
    asked = ActiveTrainer(
        tmp_path / "w",
        device="cpu",
        dataset_kwargs=data,
        training_config={"max_epochs": 1},
        active_config={"oracle": "person", "start": [7, 8], "strategy": "CoreSet"},
    )
    asked.fit()
    assert Run(asked.run.paths.path).status["state"] == "waiting"
    assert [one.id for one in read_query(asked.run.paths)] == [7]


def test_the_labels_only_grow(tmp_path):
    for before, after in pairwise(rows(fitted(tmp_path))):
        assert after["labelled"] == before["labelled"] + len(before["queried"])


def test_a_later_round_whose_last_batch_the_network_cannot_take_is_refused(tmp_path):
    made = trainer(tmp_path / "w", active={"start_size": 6, "num_queries": 7})
    made.set_model(nn.Sequential(nn.Flatten(), nn.Linear(64, 10), nn.BatchNorm1d(10)))
    with pytest.raises(DataError, match=r"1 sample, .*\(13 labelled samples in batches of 4\)"):
        made.fit()
    assert not (tmp_path / "w").exists()


def test_a_terminal_is_told_of_the_round_and_its_labels(tmp_path):
    told = []

    class Ask(Callback):
        def before_train(self, trainer):
            told.append(trainer.builder.kind.stage())

    fitted(tmp_path, [Ask()], training_config={"max_epochs": 1})
    assert told == [f"round {number} of 2, {6 + 4 * number} labels" for number in range(3)]
