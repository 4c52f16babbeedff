"""Parts of a network are frozen by name: no gradients, and evaluation mode while others train."""

from typing import Any

import pytest
import torch
from torch import nn

from stride.errors import ConfigError
from stride.models.freeze import freeze
from stride.models.model import Model


def model() -> Model:
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    network: Any = nn.Sequential()
    network.encoder, network.head = encoder, nn.Linear(4, 2)
    return Model(network, nn.CrossEntropyLoss())


def frozen(*patterns: str) -> list[str]:
    one = model()
    freeze(one, patterns)
    return [name for name, p in one.network.named_parameters() if not p.requires_grad]


def test_a_name_means_all_that_it_holds_and_a_star_any_text() -> None:
    encoder = ["encoder.0.weight", "encoder.0.bias", "encoder.1.weight", "encoder.1.bias"]
    assert frozen() == []
    assert frozen("encoder") == frozen("encoder.") == frozen("enc*") == encoder
    assert frozen("*.bias") == ["encoder.0.bias", "encoder.1.bias", "head.bias"]
    assert frozen("encoder.1", "head.weight") == [*encoder[2:], "head.weight"]


def test_what_is_frozen_stays_in_evaluation_mode() -> None:
    one = model()
    freeze(one, ["encoder"])
    inputs, targets = torch.randn(8, 3), torch.zeros(8, dtype=torch.long)
    for _ in range(2):  # the second after a prediction, which puts modes back
        one.train()
        assert one.network.training and one.network.head.training
        assert not any(module.training for module in one.network.encoder.modules())
        before = {name: buffer.clone() for name, buffer in one.network.named_buffers()}
        losses = [one.training_step((inputs, targets)).loss for _ in range(2)]  # type: ignore[union-attr]
        assert torch.equal(*losses)  # nothing is dropped
        assert all(torch.equal(before[n], b) for n, b in one.network.named_buffers())
        one.predict(inputs)
        assert not one.network.encoder.training and one.network.head.training


@pytest.mark.parametrize(
    ("pattern", "nearest"), [("encodr", "'encoder'"), ("head.wieght", "'head.weight'")]
)
def test_a_pattern_that_names_nothing_is_refused_with_the_nearest_name(
    pattern: str, nearest: str
) -> None:
    with pytest.raises(ConfigError, match=rf"freeze: '{pattern}' is not a module.*{nearest}"):
        freeze(model(), [pattern])
    with pytest.raises(ConfigError, match=r"its parts are encoder, encoder\.0"):
        freeze(model(), ["zzz"])
