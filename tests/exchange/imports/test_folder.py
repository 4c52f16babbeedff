"""A run is there as a whole or not at all, and what is no run of STRIDE is not gone on with."""

import os
from pathlib import Path

import pytest

from stride.errors import RunError, StrideError, UserError
from stride.exchange.imports import folder
from stride.exchange.imports.digest import imported_before, source_digest
from stride.runs.layout import WorkDirPaths
from stride.runs.run import Run
from stride.runs.work_dir import WorkDir
from tests.exchange.imports.sources import RECORDED, imported

SOURCE = RECORDED / "lightning/version_0"


def test_a_name_is_taken_as_for_any_run(tmp_path: Path) -> None:
    assert imported(SOURCE, tmp_path, run="theirs").path.name == "theirs"
    assert imported(SOURCE, tmp_path).path.name == "0"
    for name in ("theirs", "007", "../out"):
        with pytest.raises(RunError):
            imported(SOURCE, tmp_path, run=name)
    assert WorkDir(tmp_path).names() == ["0", "theirs"]


def test_an_unknown_monitor_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no run here has 'accuracy'"):
        imported(SOURCE, tmp_path / "w", monitor="accuracy")
    assert not (tmp_path / "w").exists()


def test_a_full_disk_leaves_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise StrideError("no space left on the device")

    monkeypatch.setattr("stride.exchange.imports.import_run.end", fail)
    with pytest.raises(StrideError, match="no space left"):
        imported(SOURCE, tmp_path)
    assert WorkDir(tmp_path).names() == []
    assert WorkDirPaths(tmp_path).staged_runs() == []


def test_a_killed_import_leaves_no_run_and_the_next_one_cleans_up(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        with folder.staged(WorkDir(tmp_path)) as paths:
            folder.begin(paths, {"format_version": 3, "work_dir": "W"}, 0.0)
            os._exit(9)  # as by SIGKILL
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    left = WorkDirPaths(tmp_path).staged_runs()
    assert len(left) == 1 and WorkDir(tmp_path).names() == []
    imported(SOURCE, tmp_path)
    assert WorkDirPaths(tmp_path).staged_runs() == [] and WorkDir(tmp_path).names() == ["0"]


def test_what_another_import_fills_stays(tmp_path: Path) -> None:
    with folder.staged(WorkDir(tmp_path)) as paths:
        folder.begin(paths, {"format_version": 3, "work_dir": "W"}, 0.0)
        imported(SOURCE, tmp_path)
        assert paths.config.exists()


def test_a_source_is_known_again_by_its_content_alone(tmp_path: Path) -> None:
    found = imported(SOURCE, tmp_path / "w")
    copies = [tmp_path / name for name in ("metrics.csv", "hparams.yaml")]
    for copy in copies:
        copy.write_bytes((SOURCE / copy.name).read_bytes())
    assert imported_before(WorkDir(tmp_path / "w")) == {source_digest(copies): found.path}
    copies[1].write_text("{}\n")
    assert source_digest(copies) != found.record.sha256


def test_secrets_are_not_taken(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text("step,loss\n1,0.5\n")
    (tmp_path / "hparams.yaml").write_text("a: {api_key: abc, key: 3}\nlr: 0.1\n")
    config = Run(imported(tmp_path, tmp_path / "w").path).raw_config
    assert config["hyperparameters"] == {"a": {"api_key": "***", "key": 3}, "lr": 0.1}


def test_it_has_no_config_to_train_by(tmp_path: Path) -> None:
    run = Run(imported(SOURCE, tmp_path).path)
    with pytest.raises(RunError, match=r"imported from Lightning.*type: stride show"):
        _ = run.config
    assert run.raw_config["hyperparameters"]["lr"] == 0.0625
