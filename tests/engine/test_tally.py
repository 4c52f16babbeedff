"""The sums of an epoch: weighted by samples, finite or located, and resumable."""

import math

import pytest
import torch

from stride.distributed import rank
from stride.engine.fingerprint import Fingerprint
from stride.engine.tally import Tally
from stride.metrics.build import build_metrics
from stride.models.model import Step


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
    tally = Tally()
    tally.add(step(1.0, 30))
    tally.add(step(4.0, 10))
    assert tally.read() == pytest.approx(1.75)
    tally.add(step(10.0, 10))
    assert tally.read() == pytest.approx(10.0)
    assert tally.epoch_values() == {"train/epoch_loss": pytest.approx(3.4)}
    assert math.isnan(tally.read())  # nothing came since


def test_nothing_added_is_nan_and_a_reset_forgets():
    tally = Tally()
    assert math.isnan(tally.read())
    tally.add(step(1.0))
    tally.reset()
    assert math.isnan(tally.epoch_values()["train/epoch_loss"])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_the_first_loss_that_is_not_finite_is_found_across_readings(bad):
    tally = Tally()
    for value in (1.0, 2.0):
        tally.add(step(value))
    tally.read()
    for value in (3.0, bad, math.nan):
        tally.add(step(value))
    assert tally.first_nonfinite() == (3, 5)
    tally.add(step(1.0))
    assert tally.first_nonfinite() == (3, 6)


def test_accuracy_waits_for_company_and_misses_nothing():
    tally = Tally(build_metrics(["accuracy"], Classes())["accuracy"])
    for _ in range(70):
        tally.add(step(0.0, 10, right=7))
    assert tally.epoch_values()["train/epoch_accuracy"] == pytest.approx(0.7)


def test_a_model_without_outputs_has_no_accuracy():
    tally = Tally(build_metrics(["accuracy"], Classes())["accuracy"])
    tally.add(step(1.0))
    assert tally.epoch_values() == {"train/epoch_loss": 1.0}


def test_its_state_goes_on_as_if_it_had_never_been_taken():
    def filled():
        tally = Tally(build_metrics(["accuracy"], Classes())["accuracy"])
        for i in range(5):
            tally.add(step(0.1 * i, 4, right=3))
        return tally

    plain, taken = filled(), filled()
    moved = Tally(build_metrics(["accuracy"], Classes())["accuracy"])
    moved.load_state_dict(taken.state_dict())
    for tally in (plain, moved):
        tally.add(step(9.0, 2, right=0))
    assert moved.read() == plain.read()
    assert moved.epoch_values() == plain.epoch_values()
    assert moved.first_nonfinite() == plain.first_nonfinite()


def test_a_skipped_step_has_its_place_in_the_fingerprint():
    fingerprint = Fingerprint()
    tally = Tally(fingerprint=fingerprint)
    for value in (1.0, None, 2.0):
        tally.skip() if value is None else tally.add(step(value))
    assert tally.read() == 1.5
    assert [row["step"] for row in fingerprint.take_rows()] == [1, 2, 3]


def test_the_sums_of_more_ranks_are_those_of_one(monkeypatch):
    states, losses = [], ((1.0, 3), (math.nan, 1), (5.0, 1))
    for loss, size in losses:
        tally = Tally(build_metrics(["accuracy"], Classes())["accuracy"])
        tally.add(step(1.0, 2, right=1))
        tally.add(step(loss, size, right=size))
        states.append(tally.state_dict())
    tally.load_others(states[::2])
    accuracy, loss = (1 + 3 + 1 + 1) / 8, (2 + 3 + 2 + 5) / 8
    expected = {"train/epoch_loss": loss, "train/epoch_accuracy": accuracy}
    assert tally.epoch_values() == expected and tally.read() == loss
    tally.load_others(states)
    assert tally.first_nonfinite() == (1, 2)
    monkeypatch.setenv("RANK", "1")
    tally.load_others(states)
    assert math.isnan(tally.read()) and tally.first_nonfinite() == (1, 2)


def test_outputs_of_several_shapes_are_all_rated():
    tally = Tally(build_metrics(["accuracy"], Classes())["accuracy"])
    for lengths in ((5, 7), (7,)):
        outputs = [torch.eye(3)[0].reshape(1, 3, 1).expand(2, 3, n) for n in lengths]
        targets = [torch.zeros(2, n, dtype=torch.long) for n in lengths]
        targets[0][0] = 1
        parts = (outputs, targets) if len(lengths) > 1 else (outputs[0], targets[0])
        tally.add(Step(torch.tensor(0.0), 2 * len(lengths), *parts))
    assert tally.epoch_values()["train/epoch_accuracy"] == pytest.approx((38 - 12) / 38)


def test_targets_of_a_loader_that_fills_the_same_tensor_again_are_copied():
    tally = Tally(build_metrics(["accuracy"], Classes())["accuracy"], copies=True)
    kept = step(0.0, 4, right=4)
    for wrong in (0, 1):
        kept.targets.fill_(wrong)
        tally.add(kept)
    assert tally.epoch_values()["train/epoch_accuracy"] == 0.5


def test_the_sums_have_the_same_bits_however_often_they_are_read():
    torch.manual_seed(0)
    losses = torch.rand(200, dtype=torch.float64).tolist()
    values = []
    for every in (1, 7, 1000):
        tally = Tally()
        for i, loss in enumerate(losses):
            tally.add(Step(torch.tensor(loss, dtype=torch.float64), 3))
            if i % every == 0:
                tally.state_dict()
        values.append(tally.epoch_values()["train/epoch_loss"])
    assert values[0] == values[1] == values[2]


class Halves:
    target_kind = "class"
    num_classes = 2


def _counted(bad_rank):
    tally = Tally(build_metrics(["accuracy"], Halves())["accuracy"])
    for number in range(3):
        loss = math.nan if number == 1 and rank() == bad_rank else float(rank() + number)
        outputs = torch.tensor([[0.0, 1.0]] * (rank() + 1))
        targets = torch.full((rank() + 1,), rank() % 2)
        tally.add(Step(torch.tensor(loss), rank() + 1, outputs, targets))
    own = tally.state_dict()
    result = tally.read(), tally.first_nonfinite(), tally.epoch_values()
    assert tally.state_dict()["accuracy"] == own["accuracy"]
    return result


@pytest.mark.ddp
def test_ranks_report_what_all_of_them_saw(ranks):
    first, second = ranks(2, _counted, None)
    assert first == second
    mean = (0 + 1 + 2 + 2 * (1 + 2 + 3)) / 9
    assert first == (mean, None, {"train/epoch_loss": mean, "train/epoch_accuracy": 6 / 9})


@pytest.mark.ddp
def test_ranks_agree_on_the_first_loss_that_is_not_finite(ranks):
    assert [found for _, found, _ in ranks(2, _counted, 1)] == [(1, 3), (1, 3)]


def test_steps_of_size_zero_count_nothing_and_are_not_bad():
    tally = Tally()
    for loss, size in (
        (1.0, torch.tensor(3)),
        (math.nan, torch.tensor(0)),
        (math.nan, 0),
        (5.0, 1),
    ):
        tally.add(Step(torch.tensor(loss), size))
    assert tally.first_nonfinite() is None
    assert tally.read() == tally.epoch_values()["train/epoch_loss"] == 2.0
    tally.add(Step(torch.tensor(math.nan), torch.tensor(2.0)))
    assert tally.first_nonfinite() == (4, 5)
