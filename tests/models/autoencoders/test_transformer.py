"""The transformer autoencoder has the layers asked for; patches and positions are as defined."""

import math

import pytest
import torch
from torch import nn

from stride.errors import ComponentError
from stride.models.autoencoders.transformer import JoinedPatches, Patches, TransformerAE, positions


def test_the_layers_are_as_asked_for() -> None:
    options = {"patch": 4, "width": 12, "heads": 3, "depth": 2, "feed_forward": 20}
    built = TransformerAE((2, 10), **options, activation="SiLU", dropout=0.25)
    layers = [one for one in built.modules() if isinstance(one, nn.TransformerEncoderLayer)]
    assert len(layers) == 4
    for one in layers:
        assert (one.self_attn.embed_dim, one.self_attn.num_heads) == (12, 3)
        assert one.linear1.out_features == 20
        assert one.self_attn.dropout == one.dropout.p == one.dropout1.p == 0.25
        assert isinstance(one.activation, nn.SiLU)
    assert TransformerAE((1, 8), width=12, heads=3).encoder[3].linear1.out_features == 48


@pytest.mark.parametrize(("length", "patches"), [(1, 1), (4, 1), (9, 3), (12, 3)])
def test_patches_are_in_time_and_join_to_the_series(length: int, patches: int) -> None:
    series = torch.arange(2 * 3 * length).reshape(2, 3, length) + 1.0
    cut = Patches(4)(series)
    assert cut.shape == (2, patches, 12)
    inside = min(4, length)
    assert torch.equal(cut[0, 0].reshape(3, 4)[:, :inside], series[0, :, :inside])
    assert int((cut == 0).sum()) == 2 * 3 * (4 * patches - length)
    assert torch.equal(JoinedPatches(3, length)(cut), series)


@pytest.mark.parametrize("width", [6, 5])
def test_positions_are_those_of_the_paper(width: int) -> None:
    found = positions(9, width)
    assert found.shape == (9, width)
    for step, number in [(0, 0), (0, 1), (3, 0), (8, 3), (7, 4)]:
        angle = step / 10_000 ** (number // 2 * 2 / width)
        wanted = math.cos(angle) if number % 2 else math.sin(angle)
        assert found[step, number].item() == pytest.approx(wanted, abs=1e-5)


def test_patches_see_each_other_and_where_they_are() -> None:
    encoder = TransformerAE((1, 16), patch=4).encoder.eval()
    attended = encoder[:4]
    series = torch.randn(1, 1, 16)
    changed = series.clone()
    changed[..., -1] += 1
    assert not torch.allclose(attended(series)[:, 0], attended(changed)[:, 0], atol=1e-6)
    same = encoder[:3](torch.ones(1, 1, 16))[0]
    assert len(same.unique(dim=0)) == 4


def test_heads_that_do_not_divide_the_width_are_refused_with_a_width_that_does() -> None:
    with pytest.raises(ComponentError, match=r"5 heads .*model_kwargs\.width=65"):
        TransformerAE((1, 16), heads=5)
