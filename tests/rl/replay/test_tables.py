"""Tables of rows keep what they are given, wherever they lie."""

import numpy as np
import pytest
import torch

from stride.rl.replay.mapped import MappedTable
from stride.rl.replay.tables import DeviceTable, HostTable
from tests.rl.replay.scripts import CPU

SHAPE = (6, 3)


@pytest.fixture(params=["host", "device", "mapped"])
def build(request, tmp_path):
    """Build a table of 6 rows of 3 numbers; the device of an accelerator's is the CPU."""
    kinds = {
        "host": lambda: HostTable(SHAPE, torch.float32),
        "device": lambda: DeviceTable(SHAPE, torch.float32, CPU),
        "mapped": lambda: MappedTable(tmp_path / "rows.bin", SHAPE, torch.float32),
    }
    return kinds[request.param]


@pytest.mark.parametrize("kind", [torch.from_numpy, np.asarray], ids=["tensor", "array"])
def test_rows_are_written_where_they_are_named(build, kind):
    table, values = build(), np.arange(6.0, dtype=np.float64).reshape(2, 3)
    table.write(np.array([4, 1]), kind(values))
    assert table.tensor[[4, 1]].tolist() == values.tolist()


def test_a_longer_table_has_the_rows_that_were_there(build):
    table, values = build(), np.ones((6, 3), dtype=np.float32)
    table.write(np.arange(6), values)
    table.grow(9)
    table.write(np.array([8]), values[:1] * 2)
    assert table.tensor.shape == (9, 3)
    assert table.tensor[:6].eq(1).all() and table.tensor[8].eq(2).all()


def test_a_part_of_it_is_saved_and_loaded(build):
    first, values = build(), np.arange(18, dtype=np.float32).reshape(6, 3)
    first.write(np.arange(6), values)
    state = {name: one.clone() for name, one in first.state(2, 5).items()}
    second = build()
    second.load_state(2, state, np.array([2, 3, 4]))
    assert second.tensor[2:5].tolist() == values[2:5].tolist()
    first.write(np.array([0]), values[:1] + 1)  # no part of it
    build().load_state(2, state, np.array([2, 3, 4]))
