"""The state of an optimiser, taken and restored."""

import pytest
import torch
from torch import nn

from stride.engine.optim.state import OptimizerState
from stride.errors import RunError


def test_a_state_keeps_its_type_whatever_its_parameter_has():
    weight = nn.Parameter(torch.zeros(3, dtype=torch.bfloat16))
    made = torch.optim.SGD([weight], momentum=0.9)
    moment = torch.tensor([1 / 3, 1e-9, 1.0])
    state = {**made.state_dict(), "state": {0: {"momentum_buffer": moment}}}
    OptimizerState(made).load_state_dict(state)
    held = made.state[weight]["momentum_buffer"]
    assert held.dtype == torch.float32 and torch.equal(held, moment)


def stepped(weight):
    made = torch.optim.AdamW([weight], lr=0.1, fused=True)
    weight.grad = torch.arange(6.0).reshape(2, 3).T.contiguous().clone().as_strided((3, 2), (1, 3))
    made.step()
    return made


def test_moments_lie_as_they_lay_and_those_of_older_states_as_the_parameter():
    def transposed():
        return nn.Parameter(torch.arange(6.0).reshape(2, 3).T)

    state = stepped(transposed()).state_dict()
    rows = {k: v.contiguous() for k, v in state["state"][0].items()}  # as format 2 gave it back
    for saved in (state["state"][0], rows):
        again = torch.optim.AdamW([weight := transposed()], lr=0.1, fused=True)
        OptimizerState(again).load_state_dict({**state, "state": {0: dict(saved)}})
        held = again.state[weight]["exp_avg"]
        assert held.stride() == weight.stride() == (1, 3)
        assert torch.equal(held, state["state"][0]["exp_avg"])


def test_other_groups_are_refused_with_their_sizes():
    one = torch.optim.SGD(nn.Linear(2, 2).parameters())
    other = torch.optim.SGD([nn.Parameter(torch.zeros(1))])
    with pytest.raises(RunError, match=r"of \[2\] parameters, and here of \[1\]"):
        OptimizerState(other).load_state_dict(one.state_dict())
