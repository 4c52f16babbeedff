"""Recurrent autoencoders have the layers asked for, and give the last point first."""

import pytest
import torch
from torch import nn

from stride.models.autoencoders.recurrent import GRUAE, LSTMAE, RecurrentAE


def layers(module: nn.Module) -> list[tuple[int, int]]:
    found = [one for one in module.modules() if isinstance(one, nn.RNNBase)]
    return [(one.input_size, one.hidden_size) for one in found]


@pytest.mark.parametrize(("network", "cell"), [(LSTMAE, nn.LSTM), (GRUAE, nn.GRU)])
def test_the_layers_are_as_asked_for_and_the_decoder_has_them_in_reverse(
    network: type[RecurrentAE], cell: type[nn.RNNBase]
) -> None:
    built = network((2, 10), [12, 7], code=3, dropout=0.5)
    assert layers(built.encoder) == [(2, 12), (12, 7)]
    assert layers(built.decoder) == [(3, 7), (7, 12)]
    kinds = [type(one) for one in built.modules() if isinstance(one, nn.RNNBase)]
    assert kinds == 4 * [cell]
    assert sum(isinstance(one, nn.Dropout) for one in built.modules()) == 4


def test_the_code_holds_the_last_point_nearest_and_the_decoder_makes_it_first() -> None:
    decoder = LSTMAE((1, 10), [8], code=3).decoder
    code = torch.randn(1, 3)
    whole = decoder(code)
    decoder.length = 4
    assert torch.allclose(decoder(code), whole[..., -4:], atol=1e-6)


def test_an_lstm_begins_with_a_bias_to_keep_what_it_knows() -> None:
    torch.manual_seed(0)
    lstm = LSTMAE.layer(3, 64).get_parameter("bias_ih_l0").unflatten(0, (4, 64)).mean(1)
    assert torch.allclose(lstm, torch.tensor([0.0, 2.0, 0.0, 0.0]), atol=0.05)
