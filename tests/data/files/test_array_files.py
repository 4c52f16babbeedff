"""Arrays of a file are found again whenever they are mapped."""

import numpy as np
import torch

from stride.data.array_dataset import rows
from stride.data.files.array_files import open_arrays


def test_a_mapped_column_stays_where_it_was_found(tmp_path, monkeypatch):
    np.save(tmp_path / "x.npy", np.arange(4, dtype=np.float32))
    monkeypatch.chdir(tmp_path)
    column = open_arrays("x.npy")["x"].column(torch.float32)
    monkeypatch.chdir("/")
    assert rows(column, torch.tensor([2, 3])).tolist() == [2.0, 3.0]
