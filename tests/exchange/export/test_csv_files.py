import csv
from pathlib import Path

import pandas

from stride.exchange.export.export import export_runs
from stride.runs.collection.run_list import open_runs
from tests.exchange.export.runs import NAMES, bits, make, rows


def test_every_number_is_read_back_with_its_bits(tmp_path: Path) -> None:
    make(tmp_path / "W")
    done = export_runs(open_runs(tmp_path / "W").rows, "csv", tmp_path / "out")
    assert [(source.label, source.count) for source in done.sources] == [("0", 15)]
    frame = pandas.read_csv(tmp_path / "out/metrics/0.csv")
    assert [*frame] == ["step", "epoch", "time", NAMES[0], NAMES[2], NAMES[1]]
    with (tmp_path / "out/metrics/0.csv").open(newline="", encoding="utf-8") as file:
        cells = [*csv.DictReader(file)]
    for row, read, line in zip(rows(), frame.to_dict("records"), cells, strict=True):
        assert {name for name, cell in line.items() if cell != ""} == set(row)
        assert all(bits(read[name]) == bits(row[name]) for name in row)


def test_lines_end_as_the_standard_says_and_no_text_is_a_formula(tmp_path: Path) -> None:
    lines = [{"step": 1, "epoch": 0, "time": 1.0, '=a,"b"': -1.5}]
    make(tmp_path / "W", lines=lines)
    export_runs(open_runs(tmp_path / "W").rows, "csv", tmp_path / "out")
    raw = (tmp_path / "out/metrics/0.csv").read_bytes()
    assert raw == b'step,epoch,time,"\'=a,""b"""\r\n1,0,1.0,-1.5\r\n'


def test_the_table_of_runs_is_that_of_ls_with_their_files(tmp_path: Path) -> None:
    for work_dir, seed in (("A", 1), ("B/deep", 2)):
        make(tmp_path / work_dir, seed=seed)
    found = open_runs(tmp_path / "A", tmp_path / "B/deep").rows
    done = export_runs(found, "csv", tmp_path / "out")
    assert {source.label for source in done.sources} == {"A/0", "B/deep/0"}
    table = pandas.read_csv(tmp_path / "out/runs.csv")
    assert [*table][:3] == ["run", "path", "status"] and [*table][-1] == "file"
    assert {*table["file"]} == {"metrics/A/0.csv", "metrics/B/deep/0.csv"}
    assert all((tmp_path / "out" / file).is_file() for file in table["file"])
    assert [*table["test/loss"]] == [1 / 7] * 2
