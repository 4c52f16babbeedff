"""The sums of an epoch: weighted by samples, finite or located, and resumable."""

import math

import pytest
import torch

from stride.distributed import rank
from stride.engine.epoch_losses import EpochLosses
from stride.engine.fingerprint import Fingerprint
from stride.errors import DataError
from stride.metrics.build import build_metrics
from stride.models.steps.step import Step
from stride.runs.fingerprints import steps_of


class Classes:
    target_kind = "class"
    num_classes = 3


def step(loss, size=1, right=None):
    outputs = targets = None
    if right is not None:
        outputs = torch.eye(3)[torch.zeros(size, dtype=torch.long)]
        targets = torch.tensor([0] * right + [1] * (size - right))
    return Step(torch.tensor(float(loss), requires_grad=True), size, outputs, targets)


def test_the_mean_is_over_samples_not_over_batches():
    losses = EpochLosses()
    losses.add(step(1.0, 30))
    losses.add(step(4.0, 10))
    assert losses.report_values()["train/loss"] == pytest.approx(1.75)
    losses.add(step(10.0, 10))
    assert losses.report_values()["train/loss"] == pytest.approx(10.0)
    assert losses.epoch_values() == {"train/epoch_loss": pytest.approx(3.4)}
    assert math.isnan(losses.report_values()["train/loss"])  # nothing came since


def test_nothing_added_is_nan_and_a_reset_forgets():
    losses = EpochLosses()
    assert math.isnan(losses.report_values()["train/loss"])
    losses.add(step(1.0))
    losses.reset()
    assert math.isnan(losses.epoch_values()["train/epoch_loss"])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_the_first_loss_that_is_not_finite_is_found_across_readings(bad):
    losses = EpochLosses()
    for value in (1.0, 2.0):
        losses.add(step(value))
    losses.report_values()
    for value in (3.0, bad, math.nan):
        losses.add(step(value))
    assert losses.first_nonfinite() == (3, 5)
    losses.add(step(1.0))
    assert losses.first_nonfinite() == (3, 6)


def test_accuracy_waits_for_company_and_misses_nothing():
    losses = EpochLosses(build_metrics(["accuracy"], Classes())["accuracy"])
    for _ in range(70):
        losses.add(step(0.0, 10, right=7))
    assert losses.epoch_values()["train/epoch_accuracy"] == pytest.approx(0.7)


def test_a_model_without_outputs_has_no_accuracy():
    losses = EpochLosses(build_metrics(["accuracy"], Classes())["accuracy"])
    losses.add(step(1.0))
    assert losses.epoch_values() == {"train/epoch_loss": 1.0}


def test_its_state_goes_on_as_if_it_had_never_been_taken():
    def filled():
        losses = EpochLosses(build_metrics(["accuracy"], Classes())["accuracy"])
        for i in range(5):
            losses.add(step(0.1 * i, 4, right=3)._replace(values={"kl": 0.3 * i}))
        return losses

    plain, taken = filled(), filled()
    moved = EpochLosses(build_metrics(["accuracy"], Classes())["accuracy"])
    moved.load_state_dict(taken.state_dict())
    for losses in (plain, moved):
        losses.add(step(9.0, 2, right=0))
    assert moved.report_values() == plain.report_values()
    assert moved.epoch_values() == plain.epoch_values()
    assert moved.first_nonfinite() == plain.first_nonfinite()


def test_a_skipped_step_has_its_place_in_the_fingerprint():
    fingerprint = Fingerprint()
    losses = EpochLosses(fingerprint=fingerprint)
    for value in (1.0, None, 2.0):
        losses.skip() if value is None else losses.add(step(value))
    assert losses.report_values()["train/loss"] == 1.5
    rows = fingerprint.take_rows()
    assert [found.step for row in rows for found in steps_of(row)] == [1, 2, 3]


def test_the_sums_of_more_ranks_are_those_of_one(monkeypatch):
    states, drawn = [], ((1.0, 3), (math.nan, 1), (5.0, 1))
    for loss, size in drawn:
        losses = EpochLosses(build_metrics(["accuracy"], Classes())["accuracy"])
        losses.add(step(1.0, 2, right=1))
        losses.add(step(loss, size, right=size)._replace(values={"kl": size} if loss > 0 else {}))
        states.append(losses.state_dict())
    losses.load_others(states[::2])
    accuracy, loss = (1 + 3 + 1 + 1) / 8, (2 + 3 + 2 + 5) / 8
    expected = {"train/epoch_loss": loss, "train/epoch_kl": 2.5, "train/epoch_accuracy": accuracy}
    assert losses.epoch_values() == expected
    assert losses.report_values() == {"train/loss": loss, "train/kl": 2.5}
    losses.load_others(states)
    assert losses.first_nonfinite() == (1, 2)
    monkeypatch.setenv("RANK", "1")
    losses.load_others(states)
    assert math.isnan(losses.report_values()["train/loss"]) and losses.first_nonfinite() == (1, 2)


def test_outputs_of_several_shapes_are_all_rated():
    losses = EpochLosses(build_metrics(["accuracy"], Classes())["accuracy"])
    for lengths in ((5, 7), (7,)):
        outputs = [torch.eye(3)[0].reshape(1, 3, 1).expand(2, 3, n) for n in lengths]
        targets = [torch.zeros(2, n, dtype=torch.long) for n in lengths]
        targets[0][0] = 1
        parts = (outputs, targets) if len(lengths) > 1 else (outputs[0], targets[0])
        losses.add(Step(torch.tensor(0.0), 2 * len(lengths), *parts))
    assert losses.epoch_values()["train/epoch_accuracy"] == pytest.approx((38 - 12) / 38)


def test_targets_of_a_loader_that_fills_the_same_tensor_again_are_copied():
    losses = EpochLosses(build_metrics(["accuracy"], Classes())["accuracy"], copies=True)
    kept = step(0.0, 4, right=4)
    for wrong in (0, 1):
        kept.targets.fill_(wrong)
        losses.add(kept)
    assert losses.epoch_values()["train/epoch_accuracy"] == 0.5


def test_the_sums_have_the_same_bits_however_often_they_are_read():
    torch.manual_seed(0)
    numbers = torch.rand(200, dtype=torch.float64).tolist()
    values = []
    for every in (1, 7, 1000):
        losses = EpochLosses()
        for i, loss in enumerate(numbers):
            losses.add(Step(torch.tensor(loss, dtype=torch.float64), 3))
            if i % every == 0:
                losses.state_dict()
        values.append(losses.epoch_values()["train/epoch_loss"])
    assert values[0] == values[1] == values[2]


class Halves:
    target_kind = "class"
    num_classes = 2


def _counted(bad_rank):
    losses = EpochLosses(build_metrics(["accuracy"], Halves())["accuracy"])
    for number in range(3):
        loss = math.nan if number == 1 and rank() == bad_rank else float(rank() + number)
        outputs = torch.tensor([[0.0, 1.0]] * (rank() + 1))
        targets = torch.full((rank() + 1,), rank() % 2)
        values = {"late": torch.tensor(10.0 * number)} if rank() and number else {}
        losses.add(Step(torch.tensor(loss), rank() + 1, outputs, targets, values))
    own = losses.state_dict()
    result = losses.report_values(), losses.first_nonfinite(), losses.epoch_values()
    assert losses.state_dict()["accuracy"] == own["accuracy"]
    return result


@pytest.mark.ddp
def test_ranks_report_what_all_of_them_saw(ranks):
    first, second = ranks(2, _counted, None)
    assert first == second
    mean = (0 + 1 + 2 + 2 * (1 + 2 + 3)) / 9
    epoch = {"train/epoch_loss": mean, "train/epoch_late": 15.0, "train/epoch_accuracy": 6 / 9}
    assert first == ({"train/loss": mean, "train/late": 15.0}, None, epoch)


@pytest.mark.ddp
def test_ranks_agree_on_the_first_loss_that_is_not_finite(ranks):
    assert [found for _, found, _ in ranks(2, _counted, 1)] == [(1, 3), (1, 3)]


def test_steps_of_size_zero_count_nothing_and_are_not_bad():
    losses = EpochLosses()
    for loss, size in (
        (1.0, torch.tensor(3)),
        (math.nan, torch.tensor(0)),
        (math.nan, 0),
        (5.0, 1),
    ):
        losses.add(Step(torch.tensor(loss), size))
    assert losses.first_nonfinite() is None
    assert losses.report_values()["train/loss"] == losses.epoch_values()["train/epoch_loss"] == 2.0
    losses.add(Step(torch.tensor(math.nan), torch.tensor(2.0)))
    assert losses.first_nonfinite() == (4, 5)


def test_a_state_from_before_there_were_values_is_taken():
    losses = EpochLosses()
    sums = {"epoch_loss": 6.0, "epoch_size": 4, "report_loss": 3.0, "report_size": 1}
    losses.load_state_dict({"sums": sums, "steps": 2, "bad": None, "rated": False, "accuracy": {}})
    assert losses.report_values() == {"train/loss": 3.0}
    assert losses.epoch_values() == {"train/epoch_loss": 1.5}


def test_values_are_weighted_by_their_steps_and_those_without_weight_left_out():
    losses = EpochLosses()
    for kl, size in ((1.0, 3), (math.nan, 0), (torch.tensor(5, dtype=torch.int64), 1)):
        losses.add(Step(torch.tensor(0.0), torch.tensor(size), values={"kl": kl}))
    losses.add(Step(torch.tensor(0.0), 0, values={"none": math.nan}))
    assert losses.report_values() == {"train/loss": 0.0, "train/kl": 2.0}
    losses.add(Step(torch.tensor(0.0), 1, values={"kl": math.inf}))
    assert losses.epoch_values()["train/epoch_kl"] == math.inf
    assert losses.first_nonfinite() is None  # the loss alone ends a training
    losses.add(step(1.0))
    losses.report_values()
    losses.add(step(1.0))
    assert losses.report_values() == {"train/loss": 1.0}  # no value came since


def test_a_value_that_moves_after_its_step_is_read_as_it_was():
    losses, moved = EpochLosses(), torch.zeros(3)
    for number in range(3):
        losses.add(Step(torch.tensor(0.0), 1, values={"buffer": moved[1]}))
        moved += 1 + number
    assert losses.report_values()["train/buffer"] == pytest.approx((0 + 1 + 3) / 3)


def test_a_tensor_with_a_dimension_is_refused_where_it_is_the_first():
    losses = EpochLosses()
    losses.add(Step(torch.tensor(0.0), 1, values={"kl": torch.ones(1)}))
    with pytest.raises(DataError, match=r"shape \(1,\) as 'kl'"):
        losses.report_values()


@pytest.mark.parametrize(
    ("value", "said"), [(torch.ones(2), r"shape \(2,\) as 'kl'"), ("a", "hold a str as 'kl'")]
)
def test_a_value_that_is_not_one_number_is_refused_when_it_is_read(value, said):
    losses = EpochLosses()
    for one in (torch.tensor(1.0), value):
        losses.add(Step(torch.tensor(0.0), 1, values={"kl": one}))
    with pytest.raises(DataError, match=said):
        losses.report_values()
