import json
from pathlib import Path

import pytest
from pyarrow import parquet

from stride.exchange.export import parquet_files
from stride.exchange.export.export import export_runs
from stride.runs.collection.run_list import open_runs
from tests.exchange.export.runs import bits, make, rows


def test_every_number_is_read_back_with_its_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_files, "GROUP", 7)
    make(tmp_path / "W", seed=1)
    make(tmp_path / "W", seed=2)
    export_runs(open_runs(tmp_path / "W").rows, "parquet", tmp_path / "out")
    file = parquet.ParquetFile(tmp_path / "out/metrics.parquet")
    expected = [
        (row["step"], row["epoch"], row["time"], name, bits(row[name]))
        for row in rows()
        for name in row
        if name not in ("step", "epoch", "time")
    ]
    found = file.read().to_pylist()
    assert file.num_row_groups == -(-2 * len(expected) // 7)
    for run in ("0", "1"):
        read = [tuple(one.values())[1:] for one in found if one["run"] == run]
        assert [(*one[:-1], bits(one[-1])) for one in read] == expected


def test_the_table_of_runs_has_results_and_configs(tmp_path: Path) -> None:
    make(tmp_path / "W", seed=1)
    make(tmp_path / "W", "bytes", lines=[{"step": 0, "epoch": 0, "time": 1.0}], seed=2)
    export_runs(open_runs(tmp_path / "W").rows, "parquet", tmp_path / "out")
    found = parquet.read_table(tmp_path / "out/runs.parquet").to_pylist()
    by_run = {one["run"]: one for one in found}
    assert [json.loads(by_run[run]["config"])["seed"] for run in ("0", "bytes")] == [1, 2]
    assert by_run["0"]["test/loss"] == 1 / 7 and by_run["0"]["status"] == "done"
    assert by_run["0"]["validation/epoch_loss"] == 0.25


def test_runs_without_a_number_give_a_table_without_rows(tmp_path: Path) -> None:
    make(tmp_path / "W", lines=[{"step": 0, "epoch": 0, "time": 1.0}])
    export_runs(open_runs(tmp_path / "W").rows, "parquet", tmp_path / "out")
    table = parquet.read_table(tmp_path / "out/metrics.parquet")
    assert (table.num_rows, table.column_names[-1]) == (0, "value")
