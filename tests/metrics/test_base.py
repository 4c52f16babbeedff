"""Metrics against scikit-learn and torchmetrics, over batches of unequal sizes."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from sklearn import metrics as sk
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from stride.errors import ComponentError, ConfigError, DataError
from stride.metrics.base import Metric
from stride.metrics.build import build_metrics, default_metrics
from stride.metrics.classification import METRICS as CLASS_METRICS
from stride.metrics.regression import METRICS as NUMBER_METRICS
from stride.models.steps.step import Step

CUTS = [1, 40, 41, 64]  # batches of 1, 39, 1, 23 and 36 samples


@dataclass
class Info:
    target_kind: str | None = "class"
    num_classes: int | None = 5


FLOAT = Info("float", None)


def step(outputs: Tensor, targets: Any) -> Step:
    return Step(torch.zeros(()), len(outputs), outputs, targets)


def over(metric: Metric, outputs: Tensor, targets: Tensor) -> float:
    for batch in zip(outputs.tensor_split(CUTS), targets.tensor_split(CUTS), strict=True):
        metric.update(step(*batch))
    return metric.compute()


def one(name: str, info: Info | None = None) -> Metric:
    return build_metrics([name], info)[name.rpartition(":")[2]]


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture
def classes() -> tuple[Tensor, Tensor]:
    targets = torch.randint(0, 4, (100,))  # class 4 never occurs
    return torch.randn(100, 5) + 2 * torch.nn.functional.one_hot(targets, 5), targets


REFERENCES: dict[str, Callable[[Any, Any], float]] = {
    "accuracy": lambda y, o: sk.accuracy_score(y, o.argmax(1)),
    "error": lambda y, o: 1 - sk.accuracy_score(y, o.argmax(1)),
    "f1": lambda y, o: sk.f1_score(y, o.argmax(1), average="macro"),
    "mse": sk.mean_squared_error,
    "rmse": lambda y, o: math.sqrt(sk.mean_squared_error(y, o)),
    "mae": sk.mean_absolute_error,
    "r2": sk.r2_score,
}


@pytest.mark.parametrize("name", ["accuracy", "error", "f1"])
def test_class_metrics_equal_sklearns(name: str, classes: tuple[Tensor, Tensor]) -> None:
    outputs, targets = classes
    reference = REFERENCES[name](targets.numpy(), outputs.numpy())
    assert over(one(name), outputs, targets) == pytest.approx(reference, abs=1e-12)


def test_top5_accuracy_equals_sklearns() -> None:
    outputs, targets = torch.randn(100, 12), torch.randint(0, 12, (100,))
    reference = sk.top_k_accuracy_score(targets, outputs, k=5, labels=range(12))
    assert over(one("top5_accuracy"), outputs, targets) == pytest.approx(reference, abs=1e-12)
    few = over(one("top5_accuracy"), torch.randn(100, 3), targets % 3)
    assert few == 1.0


@pytest.mark.parametrize("name", ["mse", "rmse", "mae", "r2"])
@pytest.mark.parametrize("columns", [None, 1, 3])
def test_number_metrics_equal_sklearns(name: str, columns: int | None) -> None:
    shape = (100,) if columns is None else (100, columns)
    targets = torch.randn(shape, dtype=torch.float64) * 3 + 1e4  # a large mean costs no digits
    outputs = targets + torch.randn(shape, dtype=torch.float64)
    reference = REFERENCES[name](targets.numpy(), outputs.numpy())
    assert over(one(name), outputs, targets) == pytest.approx(reference, rel=1e-9)


def test_r2_at_its_edges() -> None:
    same = torch.ones(100)
    assert over(one("r2"), same, same) == 1.0
    assert over(one("r2"), same + 1, same) == 0.0
    single = one("r2")
    single.update(step(torch.ones(1), torch.ones(1)))
    assert math.isnan(single.compute())


def test_numbers_of_n_and_n_by_1_are_compared_one_by_one() -> None:
    targets = torch.arange(100.0)
    for name in NUMBER_METRICS:
        value = over(one(name), targets[:, None] + 1, targets)
        assert value == over(one(name), targets + 1, targets), name
    with pytest.raises(DataError, match="do not fit"):
        one("mse").update(step(torch.ones(4, 4), torch.ones(4)))


@pytest.mark.parametrize("ties", [False, True])
def test_auc_is_exact_with_and_without_ties(ties: bool) -> None:
    targets = torch.randint(0, 2, (100,))
    scores = torch.randn(100) + targets
    scores = scores.round() if ties else scores
    reference = sk.roc_auc_score(targets, scores)
    assert over(one("auc"), scores, targets) == pytest.approx(reference, abs=1e-14)
    assert over(one("auc"), scores[:, None], targets) == pytest.approx(reference, abs=1e-14)
    both = torch.stack([-scores, scores], dim=1)
    assert over(one("auc"), both, targets) == pytest.approx(reference, abs=1e-14)


def test_auc_by_hand() -> None:
    # Pairs (one, zero): 2 > 1 right, 2 = 2 half, 3 > 1 and 3 > 2 right: 3.5 of 4.
    metric = one("auc")
    metric.update(step(torch.tensor([1.0, 2.0, 2.0, 3.0]), torch.tensor([0, 0, 1, 1])))
    assert metric.compute() == 3.5 / 4


def test_auc_is_nan_where_it_is_not_defined() -> None:
    assert math.isnan(over(one("auc"), torch.randn(100), torch.ones(100).long()))
    scores = torch.randn(100)
    scores[3] = math.nan
    assert math.isnan(over(one("auc"), scores, torch.arange(100) % 2))
    with pytest.raises(DataError, match="one or two scores"):
        one("auc").update(step(torch.randn(4, 3), torch.tensor([0, 1, 0, 1])))


def test_two_classes_by_one_score() -> None:
    scores, targets = torch.randn(100, 1), torch.randint(0, 2, (100,))
    predicted = (scores[:, 0] > 0).long()
    for given in (targets, targets[:, None], targets.float()[:, None]):
        assert over(one("accuracy"), scores, given) == sk.accuracy_score(targets, predicted)
        reference = sk.f1_score(targets, predicted, average="macro")
        assert over(one("f1"), scores, given) == pytest.approx(reference, abs=1e-12)


@pytest.mark.parametrize("name", ["accuracy", "top5_accuracy", "f1"])
def test_pixels_count_one_by_one_and_negative_targets_not_at_all(name: str) -> None:
    outputs, targets = torch.randn(100, 7, 3, 2), torch.randint(0, 7, (100, 3, 2))
    targets[::3] = -100
    kept = targets.reshape(-1) >= 0
    flat = outputs.movedim(1, -1).reshape(-1, 7)[kept]
    wanted = one(name)
    wanted.update(step(flat, targets.reshape(-1)[kept]))
    assert over(one(name), outputs, targets) == pytest.approx(wanted.compute(), abs=1e-12)


def test_targets_that_are_no_classes_are_refused() -> None:
    for name in ("accuracy", "f1", "top5_accuracy"):
        with pytest.raises(DataError, match="not classes"):
            one(name).update(step(torch.randn(4, 3), torch.rand(4, 3)))
    with pytest.raises(DataError, match="needs outputs and targets"):
        one("accuracy").update(Step(torch.zeros(()), 4))


class NoWaiting(TorchDispatchMode):
    """Fail on what reads a value from the device, or gives a shape that depends on one."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        waiting = ("_local_scalar_dense", "nonzero", "unique", "bincount", "masked_select", "equal")
        name = func.name().removeprefix("aten::").split(".")[0]
        assert not name.startswith(waiting), f"{name} waits for the device"
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("name", [*CLASS_METRICS, *NUMBER_METRICS])
def test_an_update_never_waits_for_the_device(name: str) -> None:
    metric = one(name)
    outputs, targets = torch.randn(8, 2), torch.randint(0, 2, (8,))
    batch = step(outputs, outputs + 1 if name in NUMBER_METRICS else targets)
    with NoWaiting():
        metric.update(batch)
        metric.update(batch)


@pytest.mark.parametrize("name", [*CLASS_METRICS, *NUMBER_METRICS])
def test_an_update_needs_no_values_at_all(name: str) -> None:
    metric = one(name)
    outputs = torch.randn(8, 2, device="meta")
    targets = outputs if name in NUMBER_METRICS else outputs[:, 0].long()
    metric.update(step(outputs, targets))
    metric.update(step(outputs, targets))
    with pytest.raises((NotImplementedError, RuntimeError), match="meta"):
        metric.compute()


@pytest.mark.parametrize("name", [*CLASS_METRICS, *NUMBER_METRICS, "MulticlassAUROC"])
def test_state_and_reset(name: str, classes: tuple[Tensor, Tensor]) -> None:
    info = Info("class", 2)
    outputs, targets = classes[0][:, :2], classes[1] % 2
    targets = outputs + 1 if name in NUMBER_METRICS else targets
    whole = over(one(name, info if name[0] == "M" else None), outputs, targets)
    first, second = (one(name, info if name[0] == "M" else None) for _ in range(2))
    second.load_state_dict(first.state_dict())
    assert name[0] == "M" or math.isnan(second.compute())
    first.update(step(outputs[:30], targets[:30]))
    second.load_state_dict(first.state_dict())
    second.update(step(outputs[30:], targets[30:]))
    assert second.compute() == pytest.approx(whole, rel=1e-12)
    first.reset()
    assert over(first, outputs, targets) == pytest.approx(whole, rel=1e-12)


def test_half_precision_outputs_are_summed_exactly() -> None:
    outputs, targets = torch.ones(5000, dtype=torch.bfloat16), torch.full((5000,), 1.125)
    metric = one("mae")
    metric.update(step(outputs, targets))
    assert metric.compute() == 0.125


@pytest.mark.parametrize(
    ("name", "info", "reference"),
    [
        (
            "MulticlassF1Score",
            Info(),
            lambda y, o: sk.f1_score(y, o.argmax(1), average="macro", labels=range(4)),
        ),
        ("Accuracy", Info(), lambda y, o: sk.accuracy_score(y, o.argmax(1))),
        ("MulticlassCohenKappa", Info(), lambda y, o: sk.cohen_kappa_score(y, o.argmax(1))),
    ],
)
def test_metrics_of_torchmetrics(
    name: str,
    info: Info,
    reference: Callable[[Any, Any], float],
    classes: tuple[Tensor, Tensor],
) -> None:
    outputs, targets = classes
    outputs[:, 4] = -9
    value = over(one(name, info), outputs, targets)
    assert value == pytest.approx(reference(targets.numpy(), outputs.numpy()), abs=1e-6)


def test_torchmetrics_for_two_classes_and_for_numbers() -> None:
    outputs, targets = torch.randn(100, 2), torch.randint(0, 2, (100,))
    margin = (outputs[:, 1] - outputs[:, 0]).numpy()
    value = over(one("BinaryAveragePrecision", Info("class", 2)), outputs, targets)
    assert value == pytest.approx(sk.average_precision_score(targets, margin), abs=1e-6)
    numbers = torch.randn(100)
    value = over(one("MeanSquaredError", FLOAT), numbers[:, None] + 2, numbers)
    assert value == pytest.approx(4.0, rel=1e-6)
    with pytest.raises(ComponentError, match="numbers, not one"):
        over(one("MulticlassConfusionMatrix", Info()), torch.randn(100, 5), targets)
    with pytest.raises(ComponentError, match="cannot be built here"):
        one("MultilabelAccuracy", Info())


def test_our_metrics_equal_torchmetrics(classes: tuple[Tensor, Tensor]) -> None:
    outputs, targets = classes
    for ours, theirs in (("accuracy", "Accuracy"), ("f1", "MulticlassF1Score")):
        value = over(one(theirs, Info()), outputs, targets)
        assert over(one(ours), outputs, targets) == pytest.approx(value, abs=1e-6)


def test_import_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "their_metrics.py").write_text(
        "import torch\n"
        "class Largest:\n"
        "    def __init__(self): self.reset()\n"
        "    def update(self, outputs, targets): \n"
        "        self.value = max(self.value, float(outputs.max()))\n"
        "    def compute(self): return self.value\n"
        "    def reset(self): self.value = 0.0\n"
        "from stride.metrics.classification import Accuracy as Own\n"
        "def nothing(): return 3\n"
        "def share(outputs, targets): return 0.5\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    metrics = build_metrics(["their_metrics:Largest", "their_metrics:Own"], None)
    assert list(metrics) == ["Largest", "Own"]
    assert over(metrics["Largest"], torch.arange(100.0), torch.zeros(100)) == 99.0
    with pytest.raises(ComponentError, match="gives a int, not a metric"):
        build_metrics(["their_metrics:nothing"], None)
    with pytest.raises(
        ComponentError, match=r"missing .* 'outputs' \(training_config.metrics\[0\]\); na"
    ):
        build_metrics(["their_metrics:share"], None)


def test_default_metrics_follow_the_targets() -> None:
    assert default_metrics(Info()) == ["accuracy"]
    assert default_metrics(FLOAT) == ["mae"]
    assert default_metrics(Info(None, None)) == default_metrics(None) == []
    assert list(build_metrics(None, Info())) == ["accuracy"]


@pytest.mark.parametrize(
    ("name", "info", "message"),
    [
        ("acuracy", Info(), "did you mean 'accuracy'"),
        ("F1", Info(), "did you mean 'f1'"),
        ("MulticlasF1Score", Info(), "did you mean 'MulticlassF1Score'"),
        ("nothing_alike", Info(), "accuracy, top5_accuracy"),
    ],
)
def test_a_wrong_name_is_refused(name: str, info: Info, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_metrics([name], info)


@pytest.mark.parametrize("name", CLASS_METRICS)
def test_a_class_metric_fits_by_the_targets_of_the_step(name: str) -> None:
    outputs, numbers = torch.randn(4, 1), torch.tensor([0.2, 1.0, -0.5, 1.7])
    with pytest.raises(DataError, match=r"for (two )?classes|not classes"):
        over(one(name, Info()), outputs, numbers)
    if name != "top5_accuracy":
        zeros_and_ones = torch.tensor([0.0, 1.0, 1.0, 0.0])
        same = over(one(name, FLOAT), outputs, zeros_and_ones.long())
        assert over(one(name, FLOAT), outputs, zeros_and_ones) == same


@pytest.mark.parametrize("name", NUMBER_METRICS)
def test_a_number_metric_fits_by_the_targets_of_the_step(name: str) -> None:
    inputs = torch.randn(4, 8)
    assert over(one(name, Info()), inputs, inputs) == (1.0 if name == "r2" else 0.0)
    with pytest.raises(DataError, match=r"do not fit targets .* for classes there are accuracy"):
        over(one(name, Info()), torch.randn(4, 5), torch.tensor([0, 1, 2, 0]))


def test_auc_takes_no_third_class() -> None:
    with pytest.raises(DataError, match=r"two classes, 0 and 1, and there is the target 4"):
        over(one("auc", Info()), torch.randn(5), torch.arange(5))


def test_r2_of_fields_is_the_mean_over_the_channels() -> None:
    targets = torch.randn(100, 2, 3, 4) * torch.tensor([1.0, 50.0]).view(2, 1, 1)
    targets[:, :, 0, 0] = 7.0  # a pixel that never changes says nothing by itself
    outputs = targets + torch.randn(100, 2, 3, 4)
    columns = [field.movedim(1, -1).reshape(-1, 2).numpy() for field in (targets, outputs)]
    assert over(one("r2"), outputs, targets) == pytest.approx(sk.r2_score(*columns), rel=1e-6)
    single = over(one("r2"), outputs[:, :1], targets[:, 0])
    assert single == pytest.approx(sk.r2_score(*(c[:, 0] for c in columns)), rel=1e-6)


def test_metrics_of_torchmetrics_compare_numbers_one_by_one_whatever_the_data_are() -> None:
    numbers = torch.randn(100)
    value = over(one("MeanSquaredError", Info()), numbers[:, None] + 2, numbers)
    assert value == pytest.approx(4.0, rel=1e-6)


def test_two_metrics_of_one_recorded_name_are_refused() -> None:
    for names in (["a:Good", "b:Good"], ["f1", "f1"], ["mine:loss"], ["m:accuracy", "accuracy"]):
        with pytest.raises(ConfigError, match="would be recorded as validation/"):
            build_metrics(names, Info())


def test_nothing_was_taken() -> None:
    for name in [*CLASS_METRICS, *NUMBER_METRICS]:
        assert math.isnan(one(name).compute())
