"""Names and what they stand for."""

from collections import OrderedDict

import pytest
import torch

from stride.components.find import find
from stride.config.names.built_in import BUILT_IN
from stride.errors import ComponentError


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("optimizer", "AdamW", torch.optim.AdamW),
        ("scheduler", "ReduceLROnPlateau", torch.optim.lr_scheduler.ReduceLROnPlateau),
        ("criterion", "MSELoss", torch.nn.MSELoss),
        ("model", "Linear", torch.nn.Linear),
        ("dataset", "collections:OrderedDict", OrderedDict),
        ("transform", "collections:OrderedDict.fromkeys", OrderedDict.fromkeys),
    ],
)
def test_a_name_is_found(kind: str, name: str, expected: object) -> None:
    assert find(kind, name) == expected


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("optimizer", "adamw", "there is no optimizer 'adamw'; did you mean 'AdamW'?"),
        ("optimizer", "AdammW", "did you mean 'AdamW'?"),
        ("optimizer", "Optimizer", "there is no optimizer 'Optimizer'; give an import path"),
        ("scheduler", "Cosine", "did you mean 'CosineAnnealingLR'?"),
        ("criterion", "Linear", "there is no criterion 'Linear'"),
        ("criterion", "_Loss", "there is no criterion '_Loss'"),
        ("model", "Resnet", "did you mean 'ResNet'?"),
        ("model", "my_pkg.nets.UNet", "an import path has a colon: my_pkg.nets:UNet"),
        ("dataset", "cifar", "kdd_tsad_135, smd, series_arrays, or an import path such as"),
        ("callback", "early", "give an import path such as my_package.my_module:early"),
        ("trainer", "", "there is no trainer ''"),
        ("model", "os:sep", "os:sep is not a model but a str; name a class or function"),
    ],
)
def test_a_name_that_is_not_found_says_the_nearest(kind: str, name: str, message: str) -> None:
    with pytest.raises(ComponentError) as caught:
        find(kind, name)
    assert message in str(caught.value)


def test_every_kind_has_a_table() -> None:
    kinds = "dataset model criterion optimizer scheduler trainer callback logger transform strategy"
    kinds += " algorithm metric"
    assert set(BUILT_IN) == set(kinds.split())


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, table in BUILT_IN.items() for name in table]
)
def test_every_built_in_name_leads_somewhere(kind: str, name: str) -> None:
    assert callable(find(kind, name))
