"""The convolutional autoencoder has the levels asked for, and sees points, frequencies or both."""

import pytest
import torch
from torch import nn

from stride.models.autoencoders.convolutional import CNNAE, Levels
from stride.models.autoencoders.spectrum import InverseSpectrum, Spectrum


def levels(module: nn.Module) -> list[tuple[int, int, int, int]]:
    """Return channels before and after, kernel and stride of each convolution."""
    found = [one for one in module.modules() if isinstance(one, nn.Conv1d)]
    return [(one.in_channels, one.out_channels, *one.kernel_size, *one.stride) for one in found]


@pytest.mark.parametrize("pooling", ["stride", "max", "mean"])
def test_levels_are_as_asked_for_and_the_decoder_has_them_in_reverse(pooling: str) -> None:
    built = CNNAE((2, 40), [4, 6, 8], kernel_size=5, downsampling=3, pooling=pooling)
    step = 3 if pooling == "stride" else 1
    assert levels(built.encoder) == [(2, 4, 5, step), (4, 6, 5, step), (6, 8, 5, step)]
    assert levels(built.decoder) == [(8, 6, 5, 1), (6, 4, 5, 1), (4, 2, 5, 1)]
    pools = {"stride": (), "max": (nn.MaxPool1d,), "mean": (nn.AvgPool1d,)}
    both = (nn.MaxPool1d, nn.AvgPool1d)
    assert {type(one) for one in built.modules() if isinstance(one, both)} == {*pools[pooling]}
    (narrow,) = (one for one in built.encoder.modules() if isinstance(one, nn.Linear))
    assert narrow.in_features == 8 * 2  # 40, 14, 5, 2


@pytest.mark.parametrize("pooling", ["stride", "max", "mean"])
@pytest.mark.parametrize("kernel_size", [1, 4, 7])
@pytest.mark.parametrize("downsampling", [1, 2, 5])
def test_every_kernel_and_downsampling_gives_back_any_length(
    pooling: str, kernel_size: int, downsampling: int
) -> None:
    for length in (1, 2, 9):
        built = CNNAE((1, length), [2, 3], kernel_size, downsampling, pooling)
        assert built(torch.randn(2, 1, length)).shape == (2, 1, length)


@pytest.mark.parametrize("fft", ["none", "both", "only"])
def test_what_is_seen_and_given_is_as_asked_for(fft: str) -> None:
    built = CNNAE((2, 15), [4], code=3, fft=fft).eval()
    seen = {one[0] for one in levels(built.encoder)}
    assert seen == {"none": {2}, "both": {2, 4}, "only": {4}}[fft]
    both = (Spectrum, InverseSpectrum)
    kinds = [type(one) for one in built.modules() if isinstance(one, both)]
    assert kinds == ([] if fft == "none" else [*both])
    inputs = torch.randn(5, 2, 15)
    code = built.encoder(inputs)
    assert code.shape == (5, 3)
    outputs = sum(one(code) for one in built.decoder)
    assert built(inputs).shape == (5, 2, 15) and torch.equal(built(inputs), outputs)


def test_normalisation_activation_and_dropout_follow_each_convolution_but_the_last() -> None:
    built = CNNAE((1, 16), [4, 4], activation="GELU", dropout=0.5, norm="batch")
    kinds = [nn.Conv1d, nn.BatchNorm1d, nn.GELU, nn.Dropout]
    last = [type(one) for one in built.decoder.modules() if type(one) in kinds]
    assert last == [*kinds[1:], *kinds, nn.Conv1d] and built.decoder[0][-1].bias is not None
    assert [type(one) for one in built.encoder.modules() if type(one) in kinds] == [*kinds, *kinds]
    assert CNNAE((1, 1), norm="group")(torch.randn(1, 1, 1)).shape == (1, 1, 1)


def test_no_point_of_the_decoder_is_convolved_more_often_than_another() -> None:
    decoder = Levels([1, 1], 3, 2, "stride", "ReLU", 0.0, "none").decoder(1, 16, 1)
    with torch.no_grad():
        for one in decoder.parameters():
            one.fill_(1.0 if one.dim() > 1 else 0.0)
    inner = decoder(torch.ones(1, 1))[0, 0, 4:-4]
    assert (inner == 9).all()
