"""A network that is made of others says itself what its section, its steps and its start are."""

import pytest
import torch
from torch import nn

from stride.errors import ConfigError
from stride.models.build import as_model, resolve_model
from stride.models.composed import ComposedNetwork
from stride.models.initial import load_initial
from stride.models.model import Model


class Pair(ComposedNetwork):
    """Two layers."""

    def __init__(self, width: int = 2) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(width, width), nn.Linear(width, width)])
        self.sources = None

    @classmethod
    def resolve(cls, section, info, *, seed, name):
        return {"width": section["width"] + seed, "init_from": [name]}

    def with_criterion(self, criterion):
        return Model(self, nn.Sequential(criterion))

    def load_parts(self, sources):
        self.sources = sources
        return []


def test_it_completes_its_section_itself() -> None:
    found = resolve_model({"model_name": "Pair", "width": 3}, None, seed=4, constructor=Pair)
    expected = {"model_name": "Pair", "model_seed": 4, "width": 7, "init_from": ["model_kwargs"]}
    assert found == expected


def test_it_says_which_model_trains_it() -> None:
    assert isinstance(as_model(Pair(), nn.MSELoss()).criterion, nn.Sequential)


def test_it_loads_a_list_of_start_weights() -> None:
    pair = Pair()
    load_initial(pair, ["a", None])
    assert pair.sources == ["a", None]
    with pytest.raises(ConfigError, match="Linear starts from one file, not from a list of 2"):
        load_initial(nn.Linear(2, 2), ["a", None])
    assert torch.is_tensor(pair.layers[0].weight)
