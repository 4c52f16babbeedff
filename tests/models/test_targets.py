import pytest
import torch
from torch import nn

from stride.errors import DataError
from stride.models.targets import CLASSES, POINTWISE, class_indices, match_shape


@pytest.mark.parametrize(
    ("outputs", "targets"), [((4, 1), (4,)), ((4,), (4, 1)), ((4, 1, 3), (4, 3)), ((1,), (1, 1))]
)
def test_dimensions_of_one_may_differ(outputs: tuple[int, ...], targets: tuple[int, ...]) -> None:
    fitted = match_shape(
        torch.zeros(outputs), torch.arange(torch.zeros(targets).numel()).view(targets)
    )
    assert fitted.shape == outputs
    assert fitted.flatten().tolist() == list(range(fitted.numel()))


@pytest.mark.parametrize(
    ("outputs", "targets"), [((4, 2), (4,)), ((4,), (1, 4)), ((4, 2), (2, 4)), ((4, 1), (4, 4))]
)
def test_other_differences_are_refused(outputs: tuple[int, ...], targets: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match="do not fit"):
        match_shape(torch.zeros(outputs), torch.zeros(targets))


def test_targets_take_the_floating_type_of_outputs_but_never_a_short_one() -> None:
    outputs = torch.zeros(2)
    assert match_shape(outputs, torch.zeros(2, dtype=torch.float64)).dtype is torch.float32
    assert match_shape(outputs, torch.zeros(2, dtype=torch.int64)).dtype is torch.float32
    assert match_shape(outputs.double(), torch.zeros(2)).dtype is torch.float64
    assert match_shape(outputs.bfloat16(), torch.zeros(2)).dtype is torch.float32


def test_class_indices_are_int64_without_the_class_dimension() -> None:
    outputs = torch.zeros(4, 3)
    exact = torch.tensor([0, 1, 2, 0])
    assert class_indices(outputs, exact) is exact
    assert torch.equal(class_indices(outputs, exact[:, None].int()), exact)
    pixels = torch.zeros(4, 5, 5, dtype=torch.uint8)
    assert class_indices(torch.zeros(4, 3, 5, 5), pixels).dtype is torch.int64


def test_floating_targets_are_probabilities_of_the_outputs_shape() -> None:
    outputs = torch.zeros(4, 3)
    assert class_indices(outputs, torch.ones(4, 3, dtype=torch.float64)).dtype is torch.float32
    with pytest.raises(DataError, match=r"not class indices.*criterion_name=MSELoss"):
        class_indices(outputs, torch.ones(4))


def test_class_targets_of_another_shape_are_refused() -> None:
    with pytest.raises(DataError, match=r"\(N, 2\).*for outputs of shape \(N, 3\)"):
        class_indices(torch.zeros(4, 3), torch.zeros(4, 2, dtype=torch.int64))


def test_class_criteria_refuse_by_themselves_what_later_steps_do_not_look_at() -> None:
    for kind in CLASSES:
        for wrong in (torch.zeros(4, 1, dtype=torch.int64), torch.zeros(4)):
            with pytest.raises((RuntimeError, ValueError, IndexError)):
                kind()(torch.rand(4, 3), wrong)


def test_the_pointwise_criteria_are_those_of_torch_that_take_two_equal_shapes() -> None:
    for kind in POINTWISE:
        own = {"reduction": "batchmean"} if kind is nn.KLDivLoss else {}
        assert kind(**own)(torch.rand(4, 2), torch.rand(4, 2)).ndim == 0
    assert nn.CrossEntropyLoss not in POINTWISE
