"""The dense autoencoder has the widths asked for, and passes all through its code."""

import pytest
import torch
from torch import nn

from stride.models.autoencoders.feed_forward import FeedForwardAE

SIGNALS = [(12,), (2, 12), (3, 9, 7)]


@pytest.mark.parametrize("inputs", SIGNALS)
def test_the_autoencoder_gives_back_the_shape_of_its_inputs(inputs: tuple[int, ...]) -> None:
    built = FeedForwardAE(inputs)
    assert built(torch.randn(3, *inputs)).shape == (3, *inputs)


def test_every_width_of_the_autoencoder_is_as_asked_for_or_by_the_data() -> None:
    def widths(module: nn.Module) -> list[int]:
        return [one.out_features for one in module.modules() if isinstance(one, nn.Linear)]

    assert widths(FeedForwardAE((1, 140), [64, 8])) == [64, 8, 64, 140]
    assert widths(FeedForwardAE((2, 64))) == [64, 8, 64, 128]
    assert widths(FeedForwardAE((2, 3), [2])) == [2, 6]
    built = FeedForwardAE((1, 140), [64, 8])
    assert built.encoder(torch.randn(3, 1, 140)).shape == (3, 8)


def test_the_autoencoder_cannot_give_more_than_its_code_holds() -> None:
    # Linear, with a code of 2: what 50 inputs become lies in a plane.
    built = FeedForwardAE((1, 20), [2]).eval()
    outputs = built(torch.randn(50, 1, 20)).flatten(1)
    assert int(torch.linalg.matrix_rank(outputs - outputs.mean(0), rtol=1e-4)) == 2
