"""How tensors lie in memory is told, and made again."""

import pytest
import torch

from stride.models.strides import is_dense, overlaps, permuted_strides, same_layout, with_strides

ROWS = torch.arange(24.0).reshape(2, 3, 4)
DENSE = {
    "rows": ROWS,
    "transposed": ROWS.transpose(0, 2),
    "permuted": ROWS.permute(1, 2, 0),
    "channels_last": ROWS[None].contiguous(memory_format=torch.channels_last),
    "a number": torch.tensor(1.0),
    "empty": torch.empty(0, 3),
    "one row of several": ROWS[1:],
    "expanded along one": torch.ones(3).expand(1, 3),
}
GAPS = {"sliced": ROWS[:, :, ::2], "a column": ROWS[:, :, 0], "narrowed": ROWS[:, 1:]}
OVERLAPPING = {
    "expanded": torch.ones(3, 1).expand(3, 4),
    "expanded number": torch.ones(()).expand(2),
    "windows": torch.arange(5.0).unfold(0, 3, 1),
}


@pytest.mark.parametrize("name", [*DENSE, *GAPS, *OVERLAPPING])
def test_gaps_and_overlaps_are_told(name):
    tensor = (DENSE | GAPS | OVERLAPPING)[name]
    assert (is_dense(tensor), overlaps(tensor)) == (name in DENSE, name in OVERLAPPING)


@pytest.mark.parametrize("name", DENSE)
def test_a_layout_is_made_again_from_a_copy_row_by_row(name):
    tensor = DENSE[name]
    strides, copy = (
        permuted_strides(tensor),
        tensor.contiguous().clone(memory_format=torch.contiguous_format),
    )
    again = copy if strides is None else with_strides(copy, strides)
    assert torch.equal(again, tensor) and same_layout(again, tensor)


def test_another_order_is_another_layout_and_gaps_ask_nothing():
    assert not same_layout(ROWS.transpose(0, 2), ROWS.transpose(0, 2).contiguous())
    assert permuted_strides(ROWS) is None and permuted_strides(GAPS["sliced"]) is None
    assert same_layout(ROWS[:, :, ::2], ROWS[:, :, :2])
    assert with_strides(ROWS, ROWS.stride()) is ROWS
