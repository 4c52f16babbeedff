"""What is exported of which runs, and what is never written over."""

import json
from pathlib import Path

import pytest

from stride.errors import MissingExtra, UserError
from stride.exchange.export.destination import MARK
from stride.exchange.export.export import Exported, default_folder, export_runs
from stride.exchange.export.source import Source
from stride.runs.collection.run_list import open_runs
from tests.exchange.export.runs import content, make


def export(tmp_path: Path, unfinished: bool = False) -> Exported:
    found = open_runs(tmp_path / "W").rows
    return export_runs(found, "csv", tmp_path / "out", unfinished=unfinished)


def test_twice_gives_the_same_files_and_reads_runs_only(tmp_path: Path) -> None:
    make(tmp_path / "W", seed=1)
    before = content(tmp_path / "W/0")
    assert not export(tmp_path).replaced
    first = content(tmp_path / "out")
    make(tmp_path / "W", seed=2)
    assert export(tmp_path).replaced
    assert (tmp_path / "out/metrics/1.csv").is_file()
    assert content(tmp_path / "W/0") == before
    export_runs(open_runs(tmp_path / "W", where="seed == 1").rows, "csv", tmp_path / "out")
    assert content(tmp_path / "out") == first  # nothing is left of what is not meant any more


def test_what_is_interrupted_leaves_what_was_there(tmp_path: Path) -> None:
    for seed in (1, 2):
        make(tmp_path / "W", seed=seed)
    export(tmp_path)
    before = content(tmp_path)

    def interrupt(source: Source) -> None:
        if source.label == "0":  # the second, as the newest comes first
            raise KeyboardInterrupt

    for to, folder in (("csv", "out"), ("parquet", "new")):
        with pytest.raises(KeyboardInterrupt):
            export_runs(open_runs(tmp_path / "W").rows, to, tmp_path / folder, begin=interrupt)
    assert content(tmp_path) == before


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    make(tmp_path / "W")
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to("disk")
    export(tmp_path)
    assert export(tmp_path).replaced and (tmp_path / "out").is_symlink()
    assert (tmp_path / "disk/runs.csv").is_file()


def test_what_is_not_its_own_stays(tmp_path: Path) -> None:
    make(tmp_path / "W")
    out = tmp_path / "out"
    out.mkdir()
    export(tmp_path)  # an empty folder is anybody's
    (out / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match=r"has notes.txt, which no export wrote.*-o "):
        export(tmp_path)
    assert (out / "notes.txt").read_text() == "mine"
    (out / MARK).write_text(json.dumps({"to": "parquet", "files": []}))
    with pytest.raises(UserError, match="out is an export to parquet"):
        export(tmp_path)
    (out / MARK).write_text("[1]")
    with pytest.raises(UserError, match="out was not made by an export"):
        export(tmp_path)


def test_what_comes_into_its_place_meanwhile_stays(tmp_path: Path) -> None:
    make(tmp_path / "W")
    export(tmp_path)

    def write(source: Source) -> None:
        (tmp_path / "out/link").symlink_to(tmp_path / "W")

    with pytest.raises(UserError, match="has link, which no export wrote"):
        export_runs(open_runs(tmp_path / "W").rows, "csv", tmp_path / "out", begin=write)
    assert (tmp_path / "out/link").is_symlink() and (tmp_path / "out/runs.csv").is_file()


@pytest.mark.parametrize("place", ["W/0", "W/0/files/csv", "W", ".", "note"])
def test_places_that_are_refused(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "W")
    (tmp_path / "note").write_text("mine")
    before = content(tmp_path)
    with pytest.raises(UserError, match="name another folder: -o export-csv"):
        export_runs(open_runs("W").rows, "csv", Path(place))
    assert content(tmp_path) == before


def test_a_name_that_no_folder_can_have_is_refused(tmp_path: Path) -> None:
    make(tmp_path / "W")
    with pytest.raises(UserError, match="cannot write: File name too long"):
        export_runs(open_runs(tmp_path / "W").rows, "csv", tmp_path / ("x" * 300))


def test_runs_that_have_not_ended_are_left_out_and_told(tmp_path: Path) -> None:
    make(tmp_path / "W", "ended")
    make(tmp_path / "W", "going", state="running")
    done = export(tmp_path)
    assert [source.label for source in done.sources] == ["ended"]
    assert [(one.path.name, one.reason) for one in done.left_out] == [
        ("going", "it has not ended: running")
    ]
    assert len(export(tmp_path, unfinished=True).sources) == 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"step": 1, "epoch": 1', None),  # torn at its end: the run was killed
        ('{"step": 1, "epoch": 1\n', "line 16 is not a JSON object"),
        ('{"step": -1, "epoch": 1, "time": 1}\n', "line 16: its step is not a count"),
        ('{"step": 1, "epoch": true, "time": 1}\n', "line 16: its epoch is not a count"),
        ('{"step": 1, "epoch": 1, "time": "NaN"}\n', "line 16: its time is not a number"),
        ('{"step": 1, "epoch": 1, "time": 1, "x": "a"}\n', "line 16: x is not a number of 64"),
        ('{"step": 1, "epoch": 1, "time": 1, "x": 9007199254740993}\n', "x is not a number"),
        ('{"step": 1, "epoch": 1, "time": 1, "x": 1' + "0" * 400 + "}\n", "line 16 is not"),
    ],
)
def test_a_broken_run_is_told_and_hides_no_other(
    line: str, reason: str | None, tmp_path: Path
) -> None:
    make(tmp_path / "W", "good")
    with make(tmp_path / "W", "bad").metrics.open("a") as file:
        file.write(line)
    done = export(tmp_path)
    assert "good" in {source.label for source in done.sources}
    found = [one.reason for one in done.left_out]
    assert found == [] if reason is None else reason in found[0]


def test_nothing_is_left_where_nothing_can_be_written(tmp_path: Path) -> None:
    run = make(tmp_path / "W")
    run.metrics.write_text("{}\n")
    with pytest.raises(UserError, match=r"no run is left to export.*its step is not a count"):
        export(tmp_path)
    with pytest.raises(UserError, match="there are no runs"):
        export_runs([], "csv", tmp_path / "out")
    with pytest.raises(UserError, match=r"cannot be exported to 'cvs'.*did you mean 'csv'"):
        export_runs([], "cvs", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_is_named_by_what_is_in_it(tmp_path: Path) -> None:
    for work_dir in ("A", "B"):
        make(tmp_path / work_dir, seed=1)
        make(tmp_path / work_dir, seed=2)
    rows = open_runs(tmp_path / "A").rows
    assert default_folder(rows, "csv") == Path("A-csv")
    assert default_folder(rows[:1], "csv") == Path("A-1-csv")
    both = open_runs(tmp_path).rows
    assert default_folder(both, "csv") == Path(f"{tmp_path.name}-csv")


@pytest.mark.parametrize(
    ("to", "package"), [("tensorboard", "tensorboard"), ("parquet", "pyarrow")]
)
def test_without_the_package_the_extra_is_named(
    to: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stride.exchange.export.target.find_spec", lambda name: None)
    make(tmp_path / "W")
    with pytest.raises(MissingExtra, match=f"the package '{package}' is not installed.*--to {to}"):
        export_runs(open_runs(tmp_path / "W").rows, to, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_run_is_exported_once_however_it_is_addressed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "W")
    (tmp_path / "other").symlink_to("W")
    rows = [row for place in ("W", "other", tmp_path / "W") for row in open_runs(place).rows]
    assert [source.label for source in export_runs(rows, "csv").sources] == ["0"]
