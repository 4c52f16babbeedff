import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stride.errors import MissingExtra, RunError, UserError
from stride.runs.listing.status_json import is_final
from stride.runs.run import Run

STATUS = {
    "format_version": 1,
    "state": "done",
    "reason": "max_epochs",
    "created": 100.0,
    "started": 101.0,
    "ended": 111.5,
    "overrides": ["seed=<b>1</b>"],
    "metrics": {"best": {"<i>loss": 0.25}, "last": {"<i>loss": "NaN"}},
}


def write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


@pytest.fixture
def folder(tmp_path) -> Path:
    path = tmp_path / "w" / "3"
    write(path / "status.json", STATUS)
    write(path / "config.json", {"seed": 1, "model_kwargs": {"widths": [1, 2]}})
    for n in (0, 2, 10):
        write(path / "segments" / f"{n}.json", {"format_version": 1, "n": n})
    write(path / "segments" / "0.heartbeat", "")
    write(path / "provenance.json", {"format_version": 1, "command": ["stride"]})
    results = {"format_version": 1, "best": {"loss": "-Infinity"}, "test": {"loss": 1}}
    write(path / "results.json", results)
    write(path / "metrics.jsonl", '{"step": 1, "loss": "NaN"}\n{"step": 2, "lr": 0.1}\n{"step": 3,')
    write(path / "logs" / "rank0.log", "line\n")
    return path


def test_a_run_gives_what_its_folder_holds(folder):
    run = Run(folder)
    assert (run.name, run.number, run.path) == ("3", 3, folder)
    assert (run.state, run.reason) == ("done", "max_epochs")
    assert run.status == STATUS
    assert run.raw_config == {"seed": 1, "model_kwargs": {"widths": [1, 2]}}
    assert [segment["n"] for segment in run.segments] == [0, 2, 10]
    assert run.provenance["command"] == ["stride"]
    assert run.results["best"] == {"loss": float("-inf")}
    assert run.results["test"] == {"loss": 1}
    assert run.log() == "line\n"
    assert repr(run) == f"Run({str(folder)!r}, done, 'max_epochs')"


def test_metrics_are_numbers_and_a_torn_line_is_passed_over(folder):
    first, second = Run(folder).metrics()
    assert first["step"] == 1 and first["loss"] != first["loss"]
    assert second == {"step": 2, "lr": 0.1}


def test_a_run_without_metrics_has_none(folder):
    (folder / "metrics.jsonl").unlink()
    assert Run(folder).metrics() == []


def test_metrics_as_a_frame_have_a_row_for_each_line_where_these_are_asked_for(folder):
    frame = Run(folder).metrics(frame=True, rows="all")
    assert list(frame.columns) == ["step", "loss", "lr"]
    assert frame["step"].tolist() == [1, 2]
    assert frame["loss"].isna().all() and frame["loss"].dtype == "float64"


def test_a_frame_has_a_row_for_each_epoch(folder):
    end = {"step": 4, "epoch": 1, "train/epoch_loss": 2.0, "validation/epoch_loss": "NaN"}
    with (folder / "metrics.jsonl").open("a") as stream:
        stream.write(f'\n{json.dumps(end)}\n{{"step": 4, "epoch": 1, "mine": 3.0}}\n')
    text = (folder / "metrics.jsonl").read_text().replace('{"step": 3,\n', "")
    (folder / "metrics.jsonl").write_text(text)
    run = Run(folder)
    frame = run.metrics(frame=True)
    assert frame[["epoch", "train/epoch_loss", "mine"]].to_numpy().tolist() == [[1, 2.0, 3.0]]
    assert len(run.metrics(rows="epochs")) == 1 and len(run.metrics()) == 4
    with pytest.raises(UserError, match="there are no rows 'steps'"):
        run.metrics(rows="steps")


def test_a_frame_without_pandas_names_the_extra(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtra, match=r"pip install .*\[notebook\]"):
        Run(folder).metrics(frame=True)


def test_the_config_is_the_one_that_was_written(folder):
    from stride.config import Config

    config = Config.from_json({"work_dir": str(folder.parent), "seed": 5})
    write(folder / "config.json", config.to_json())
    run = Run(folder)
    assert run.config == config
    assert run.config is run.config


def test_the_version_of_the_config_is_no_part_of_it(folder):
    values = {"work_dir": "w", "seed": 5}
    write(folder / "config.json", {"format_version": 1, **values})
    assert Run(folder).raw_config == values
    assert Run(folder).config.seed == 5


def test_the_config_of_a_first_run_has_no_version():
    run = Run(Path(__file__).parent / "format_1")
    assert run.raw_config == {"work_dir": "work_dirs/demo", "run": None, "seed": 0}
    assert run.config.work_dir == "work_dirs/demo"


@pytest.mark.parametrize("attribute", ["raw_config", "config"])
def test_a_config_of_a_newer_stride_is_refused_by_name(folder, attribute):
    write(folder / "config.json", {"format_version": 4, "seeds": [5]})
    with pytest.raises(RunError, match=r"^config\.json was written by a newer STRIDE"):
        getattr(Run(folder), attribute)


def test_a_run_is_found_by_selector(folder):
    write(folder.parent / "best-one" / "status.json", STATUS | {"created": 50.0})
    assert Run(folder.parent / "latest").path == folder
    monitor = {"metric": "<i>loss", "mode": "min"}
    write(folder / "status.json", STATUS | {"monitor": monitor})
    assert Run(str(folder.parent / "best")).name == "3"


def test_the_current_folder_may_be_the_run(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert (Run(".").name, Run(".").number) == ("3", 3)


@pytest.mark.parametrize("name", ["missing", "file", "figures", ""])
def test_what_is_no_run_folder_is_refused(folder, name):
    write(folder.parent / "file", "")
    write(folder.parent / "figures" / "a.png", "")
    write(folder.parent / "config.json", {})  # a work_dir with its base config
    with pytest.raises(RunError, match=r"no run folder here .*`stride ls .*` shows the runs"):
        Run(folder.parent / name)


@pytest.mark.parametrize("name", ["status", "provenance", "results", "config"])
@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_a_missing_or_broken_file_is_named(folder, name, content):
    path = folder / f"{name}.json"
    path.unlink() if content is None else path.write_text(content)
    attribute = "raw_config" if name == "config" else name
    with pytest.raises(RunError, match=rf"{name}\.json"):
        getattr(Run(folder), attribute)


def test_a_broken_line_in_the_metrics_is_named(folder):
    write(folder / "metrics.jsonl", '{"step": 1}\n{"ste\n{"step": 2}\n')
    with pytest.raises(RunError, match="line 2 is not a JSON object"):
        Run(folder).metrics()


def test_a_missing_log_names_those_that_are_there(folder):
    write(
        folder / "logs" / "rank1.log", "\udcff".encode("utf-8", "surrogateescape").decode("latin-1")
    )
    with pytest.raises(RunError, match=r"no log of rank 7 .*rank0\.log, rank1\.log"):
        Run(folder).log(7)
    (folder / "logs" / "rank0.log").write_bytes(b"torn \xe2\x82")
    assert Run(folder).log() == "torn \ufffd"


def test_checkpoints_come_in_the_order_of_training(folder):
    names = [f"mlp_digits_default_epoch_{n}" for n in (9, 10, 100)]
    names.insert(1, "mlp_digits_default_epoch_9_step_5")
    for name in reversed(names):
        write(folder / "checkpoints" / name / "checkpoint.json", "{}")
    (folder / "checkpoints" / "mlp_digits_default_epoch_1").mkdir()
    (folder / "checkpoints" / ".tmp-x").mkdir()
    assert [path.name for path in Run(folder).checkpoints()] == names
    assert Run(folder.parent / "3").checkpoints()[0].parent == folder / "checkpoints"


def test_a_run_without_checkpoints_or_segments_has_none(tmp_path):
    write(tmp_path / "0" / "status.json", STATUS)
    assert (Run(tmp_path / "0").checkpoints(), Run(tmp_path / "0").segments) == ([], [])


def test_a_broken_run_can_be_looked_at(tmp_path):
    write(tmp_path / "0" / "metrics.jsonl", {"step": 1})
    os.utime(tmp_path / "0", (1, 1))
    run = Run(tmp_path / "0")
    assert (run.state, run.reason) == ("broken", "no status.json")
    assert "no status.json" in repr(run)
    assert "no status.json" in run._repr_html_()


def test_a_run_that_goes_on_is_read_anew(folder):
    run = Run(folder)
    assert run.state == "done"
    write(folder / "status.json", STATUS | {"state": "stopped"})
    assert run.state == "stopped"


def test_reading_a_run_loads_no_torch(folder):
    script = "import sys; from stride.runs.run import Run; r = Run(sys.argv[1]);"
    script += "r.metrics(); r.log(); r.results; r.checkpoints(); r._repr_html_(); repr(r);"
    script += "print({'torch', 'numpy', 'pydantic', 'pandas', 'rich'} & sys.modules.keys())"
    command = [sys.executable, "-c", script, str(folder)]
    assert subprocess.check_output(command, text=True).strip() == "set()"


def test_what_the_writer_wrote_is_read_from_one_file(tmp_path):
    from stride.runs.provenance.collect import Survey, collect
    from stride.runs.writer import RunWriter

    found = Survey(str(tmp_path)).result()
    provenance = collect(
        found, overrides=["seed=1"], origins={}, seeds={"seed": 1}, devices=["cpu"]
    )
    writer = RunWriter.start(
        tmp_path / "w", config={"seed": 1}, provenance=provenance, patch=found.patch
    )
    run = Run(writer.paths.path)
    writer.status("running")
    assert (run.state, run.row().overrides) == ("running", ("seed=1",))
    best = {"step": 3, "epoch": 1, "validation/epoch_loss": 0.5}
    monitor = {"metric": "validation/epoch_loss", "mode": "min", "value": 0.5}
    writer.close("done", "max_epochs", metrics={"best": best, "last": best}, monitor=monitor)
    row = run.row()
    assert is_final(run.status)
    assert (row.state, row.reason, row.uuid) == ("done", "max_epochs", writer.uuid)
    assert row.best == row.last == {"validation/epoch_loss": 0.5}
    assert Run(tmp_path / "w" / "best").path == Run(tmp_path / "w" / "latest").path
    assert run.provenance["seeds"] == {"seed": 1}
    assert run.segments[0]["pid"] == os.getpid()
