"""Metrics given as sections: their arguments against plain formulas, their names, their errors."""

import math
from typing import Any

import pytest
import torch
from sklearn import metrics as sk
from torch import Tensor

from stride.errors import ComponentError, ConfigError, DataError, StrideError
from stride.metrics import classification, regression
from stride.metrics.base import Metric, Sums
from stride.metrics.build import build_metrics
from stride.metrics.choice import MetricSpec
from stride.metrics.names import named_numbers
from stride.models.steps.step import Step

CUTS = [1, 40, 41, 64]


class Info:
    target_kind = "class"
    num_classes = 5


def one(section: dict[str, Any]) -> Metric:
    (metric,) = build_metrics([section], Info()).values()
    return metric


def over(section: dict[str, Any], outputs: Tensor, targets: Tensor) -> Any:
    metric = one(section)
    for some, theirs in zip(outputs.tensor_split(CUTS), targets.tensor_split(CUTS), strict=True):
        metric.update(Step(torch.zeros(()), len(some), some, theirs))
    other = one(section)
    if isinstance(metric, Sums):
        other.load_state_dict(metric.state_dict())
        assert repr(other.compute()) == repr(metric.compute())
    return metric.compute()


@pytest.fixture
def classes() -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    targets = torch.randint(0, 4, (100,))  # class 4 never occurs
    return torch.randn(100, 5) + 2 * torch.nn.functional.one_hot(targets, 5), targets


@pytest.fixture
def fields() -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    targets = torch.randn(100, 3, 2, 2, dtype=torch.float64) * torch.tensor([1, 5, 9]).view(3, 1, 1)
    return targets + torch.randn(targets.shape, dtype=torch.float64), targets


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("name", ["accuracy", "error"])
def test_accuracy_of_k_and_of_the_mean_class(
    name: str, k: int, classes: tuple[Tensor, Tensor]
) -> None:
    outputs, targets = classes
    right = (outputs.topk(k, dim=1).indices == targets[:, None]).any(1).double()
    if name == "error":
        right = 1 - right
    each = [right[targets == number].mean().item() for number in range(4)]
    micro = over({"metric_name": name, "k": k}, outputs, targets)
    assert micro == pytest.approx(right.mean().item(), abs=1e-12)
    macro = over({"metric_name": name, "k": k, "average": "macro"}, outputs, targets)
    assert macro == pytest.approx(sum(each) / 4, abs=1e-12)


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
def test_f1_by_its_average(average: str, classes: tuple[Tensor, Tensor]) -> None:
    outputs, targets = classes
    reference = sk.f1_score(targets, outputs.argmax(1), average=average)
    found = over({"metric_name": "f1", "average": average}, outputs, targets)
    assert found == pytest.approx(reference, abs=1e-12)


def test_f1_of_each_class(classes: tuple[Tensor, Tensor]) -> None:
    outputs, targets = classes
    outputs[:, 4] -= 100
    found = over({"metric_name": "f1", "average": "none"}, outputs, targets)
    each = sk.f1_score(targets, outputs.argmax(1), average=None)
    assert [found[str(number)] for number in range(4)] == pytest.approx([*each], abs=1e-12)
    assert math.isnan(found["4"])  # which occurs nowhere


FORMULAS = {
    "mse": lambda e: e.square().mean().item(),
    "rmse": lambda e: math.sqrt(e.square().mean()),
    "mae": lambda e: e.abs().mean().item(),
}


@pytest.mark.parametrize("name", ["mse", "rmse", "mae", "r2"])
def test_one_channel_of_fields(name: str, fields: tuple[Tensor, Tensor]) -> None:
    outputs, targets = fields
    flat = [t.movedim(1, -1).reshape(-1, 3) for t in (outputs, targets)]
    each = over({"metric_name": name, "average": "none"}, outputs, targets)
    for channel in range(3):
        mine, aims = (t[:, channel] for t in flat)
        formula = FORMULAS.get(name)
        reference = formula(mine - aims) if formula else sk.r2_score(aims, mine)
        found = over({"metric_name": name, "channel": channel}, outputs, targets)
        assert [found, each[str(channel)]] == pytest.approx([reference] * 2, rel=1e-9)
    with pytest.raises(DataError, match="there is no channel 3: the outputs have 3"):
        over({"metric_name": name, "channel": 3}, outputs, targets)


def test_r2_weighted_by_the_deviations(fields: tuple[Tensor, Tensor]) -> None:
    outputs, targets = (t[:, :, 0, 0].clone() for t in fields)
    targets[:, 0] = 1.0  # without a deviation an output has no weight
    reference = sk.r2_score(targets, outputs, multioutput="variance_weighted")
    section = {"metric_name": "r2", "average": "variance_weighted"}
    assert over(section, outputs, targets) == pytest.approx(reference, rel=1e-9)


@pytest.mark.parametrize("name", classification.METRICS | regression.METRICS)
def test_each_metric_can_be_named_without_arguments(name: str) -> None:
    assert [*build_metrics([name], None)] == [name]


def test_metrics_are_recorded_by_the_names_that_they_are_given() -> None:
    of_x, of_y = ({"metric_name": "r2", "channel": n, "as": f"r2_{'xy'[n]}"} for n in (0, 1))
    assert [*build_metrics(["r2", of_x, of_y], None)] == ["r2", "r2_x", "r2_y"]
    assert named_numbers("f1", {"0": 0.5, "b": 1.0}) == {"f1_0": 0.5, "f1_b": 1.0}
    with pytest.raises(ComponentError, match="the metric 'f1' gives a number the name 'a/b'"):
        named_numbers("f1", {"a/b": 0.5})


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"metric_name": "r2", "chanel": 1}, r"metrics\[0\]\.chanel.*did you mean 'channel'"),
        ({"metric_name": "r2", "channel": "a"}, r"metrics\[0\]\.channel must be a whole number"),
        ({"metric_name": "f1", "average": "makro"}, r"\[0\]\.average must be .*'macro'.*\"makro\""),
        ({"metric_name": "auc", "k": 1}, r"metrics\[0\]\.k"),
        ({"metric_name": "accuracy", "k": 0}, "k must be at least 1, not 0"),
        ({"metric_name": "r2", "channel": 1, "average": "none"}, "of one channel there is no"),
        (
            {"metric_name": "acuracy"},
            r"no metric 'acuracy' \(training_config.metrics\[0\]\); did you mean 'accuracy'",
        ),
        ({"name": "r2"}, r"metrics\[0\]\.metric_name is missing"),
        ({"metric_name": "r2", "as": "a/b"}, r"metrics\[0\]\.as must be a name, not 'a/b'.*'a_b'"),
        ({"metric_name": "f1", "as": "loss"}, "f1 would be recorded as validation/epoch_loss"),
    ],
)
def test_a_wrong_section_is_refused(section: dict[str, Any], said: str) -> None:
    with pytest.raises(StrideError, match=said):
        one(section)


class NoMetric:
    """What has no method of a metric."""


@pytest.mark.parametrize(
    "wrong",
    [
        "acuracy",
        "f1",
        f"{NoMetric.__module__}:NoMetric",
        {"metric_name": "Acuracy"},
        {"name": "r2"},
        {"metric_name": "r2", "as": ""},
        {"metric_name": "r2", "chanel": 1},
        {"metric_name": "r2", "channel": 0, "average": "none"},
        {"metric_name": "Accuracy", "task": "nothing"},
    ],
)
def test_what_is_wrong_with_one_of_several_is_told_with_its_number(wrong: MetricSpec) -> None:
    with pytest.raises(StrideError) as caught:
        build_metrics(["auc", "f1", wrong], Info())
    assert "training_config.metrics[2]" in str(caught.value)


def test_two_sections_need_two_names() -> None:
    with pytest.raises(ConfigError, match=r'give one another name: \{"metric_name": "r2", "as"'):
        build_metrics(["r2", {"metric_name": "r2", "channel": 1}], None)


def test_arguments_of_torchmetrics(classes: tuple[Tensor, Tensor]) -> None:
    outputs, targets = classes
    section = {"metric_name": "MulticlassF1Score", "average": "none", "num_classes": 5}
    found = over(section, outputs, targets)
    ours = over({"metric_name": "f1", "average": "none"}, outputs, targets)
    assert [found[n] for n in "0123"] == pytest.approx([ours[n] for n in "0123"], abs=1e-6)
    with pytest.raises(ConfigError, match=r"\[0\]\.avrage.*did you mean 'average'"):
        one({"metric_name": "MulticlassF1Score", "avrage": "none"})
    task = {"metric_name": "Accuracy", "task": "multiclass", "top_k": 2, "as": "second"}
    second = over(task, outputs, targets)
    assert second == pytest.approx(over({"metric_name": "accuracy", "k": 2}, outputs, targets))
