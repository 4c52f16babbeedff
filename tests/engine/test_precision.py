"""The arithmetic by name: autocast, a scaler that has a state, nothing in fp32."""

import torch

from stride.engine.precision import Precision

CPU = torch.device("cpu")


def product(precision):
    with precision.autocast():
        return torch.ones(2, 2) @ torch.ones(2, 2)


def test_each_name_computes_in_its_type():
    assert product(Precision("fp32", CPU)).dtype is torch.float32
    assert product(Precision("bf16", CPU)).dtype is torch.bfloat16
    assert product(Precision("fp16", CPU)).dtype is torch.float16


def test_only_fp16_has_a_scaler_and_its_state_comes_back():
    assert Precision("bf16", CPU).state_dict() == {}
    first, second = Precision("fp16", CPU), Precision("fp16", CPU)
    first.scaler.scale(torch.ones(1))
    first.scaler.update(8.0)
    second.load_state_dict(first.state_dict())
    assert second.scaler.get_scale() == 8.0


def test_gradients_are_brought_to_their_true_size():
    precision, parameter = Precision("fp16", CPU), torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([parameter], lr=0.1)
    precision.backward((parameter * 3).sum())
    precision.unscale(optimizer)
    assert parameter.grad.item() == 3.0
