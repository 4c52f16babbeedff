"""What a signature covers: the UUID, configs and recorded code of a run, paths of a base config."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from stride.errors import RunError
from stride.runs.layout import RunPaths, WorkDirPaths
from stride.runs.records.signature import SignatureRecord
from stride.runs.signing.key import key_file
from stride.runs.signing.signature import (
    CHANGED,
    FOREIGN,
    MISSING,
    UNUSABLE,
    sign_given,
    sign_run,
    sign_work_dir,
    vouched_run,
    vouched_work_dir,
)
from stride.runs.writer import RunWriter

PROVENANCE = {"git": {"root": "/code", "commit": "1" * 40, "branch": None}, "folder": "/code/x"}
CONFIG = {"seed": 1, "model_kwargs": {"model_name": "mine:Net"}}


@pytest.fixture
def run(tmp_path: Path) -> RunPaths:
    """Give a run that the user has started."""
    writer = RunWriter.start(tmp_path / "w", config=CONFIG, provenance=PROVENANCE, patch="a change")
    writer.commit(writer.paths.model_source, "class Net: pass")
    writer.close("stopped")
    return writer.paths


def test_what_i_started_i_signed_wherever_it_lies(run: RunPaths, tmp_path: Path) -> None:
    assert vouched_run(run.path) == (frozenset({"mine:Net"}), "")
    record = SignatureRecord.read(run.signature)
    assert {*record.code} == {"code.patch", "model_source.py", "provenance.json"}
    copied = shutil.copytree(run.path, tmp_path / "elsewhere" / "copy")
    assert vouched_run(copied).fault == ""
    moved = shutil.move(tmp_path / "w", tmp_path / "v")
    assert vouched_run(Path(moved, "0")).fault == ""


def edit(path: Path, **values: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_what_is_other_is_not_covered(run: RunPaths) -> None:
    changes = {
        run.config: lambda: edit(run.config, seed=2),
        run.status: lambda: edit(run.status, uuid="0" * 32),
        run.code_patch: lambda: run.code_patch.write_text("another"),
        run.model_source: lambda: run.model_source.write_text("import os"),
    }
    for change in ({"folder": "/theirs"}, {"git": PROVENANCE["git"] | {"root": "/theirs"}}):
        before = run.provenance.read_bytes()
        edit(run.provenance, **change)
        assert vouched_run(run.path).fault == CHANGED, change
        run.provenance.write_bytes(before)
    for file, change in changes.items():
        before = file.read_bytes()
        change()
        assert vouched_run(run.path) == (frozenset(), CHANGED), file
        file.write_bytes(before)
        assert vouched_run(run.path).fault == "", file
    run.config.unlink()
    assert vouched_run(run.path).fault == CHANGED


def test_layout_of_a_file_and_missing_code_change_nothing(run: RunPaths) -> None:
    edit(run.config)
    edit(run.provenance, command=["another"], git=PROVENANCE["git"] | {"branch": "b"})
    run.code_patch.unlink()
    assert vouched_run(run.path).fault == ""


def test_what_was_read_counts_and_not_what_is_there_by_now(run: RunPaths) -> None:
    """A folder of somebody who changes a file back and forth gets by with none of its forms."""
    mine, theirs = json.loads(run.config.read_text()), CONFIG | {"seed": 2}
    assert vouched_run(run.path, theirs) == (frozenset(), CHANGED)
    edit(run.config, seed=2)
    assert vouched_run(run.path, mine).fault == ""
    sign_run(run.path, mine)
    assert vouched_run(run.path).fault == CHANGED


def test_a_damaged_provenance_is_told_as_that(run: RunPaths) -> None:
    run.provenance.write_text("{")
    with pytest.raises(RunError, match=r"provenance\.json"):
        vouched_run(run.path)
    run.provenance.unlink()
    assert vouched_run(run.path).fault == ""


def test_a_signature_of_a_work_dir_is_none_of_a_run_nor_the_other_way(
    run: RunPaths, tmp_path: Path
) -> None:
    """They let the values beside an import path be other, which a run's does not."""
    sign_work_dir(tmp_path, {"model_kwargs.model_name": "mine:Net"})
    assert vouched_work_dir(run.path) == (frozenset(), FOREIGN)
    shutil.copy(WorkDirPaths(tmp_path).signature, run.signature)
    assert vouched_run(run.path) == (frozenset(), FOREIGN)


@pytest.mark.parametrize("key", ["uuid", "configs", "code", "imports", "hmac", "format_version"])
def test_a_signature_that_was_touched_is_none(run: RunPaths, key: str) -> None:
    values = json.loads(run.signature.read_text())
    other = {
        "uuid": "0" * 32,
        "configs": [*values["configs"], "0" * 64],
        "code": {},
        "imports": {"a": "b:c"},
        "hmac": "0" * 64,
        "format_version": 1,
    }
    edit(run.signature, **{key: other[key]})
    assert vouched_run(run.path) == (frozenset(), FOREIGN)


def test_a_stranger_has_another_key_and_none_has_none(
    run: RunPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "other"))
    assert vouched_run(run.path).fault == MISSING  # nothing is known of a key
    sign_work_dir(tmp_path, {"trainer": "a:b"})
    assert vouched_run(run.path).fault == FOREIGN
    sign_run(run.path)
    assert vouched_run(run.path).fault == ""
    run.signature.unlink()
    assert vouched_run(run.path).fault == MISSING


def test_a_key_that_others_can_read_or_replace_is_told(run: RunPaths) -> None:
    for place, mode, after in ((key_file(), 0o644, 0o600), (key_file().parent, 0o777, 0o700)):
        place.chmod(mode)
        assert vouched_run(run.path) == (frozenset(), UNUSABLE)
        place.chmod(after)
        assert vouched_run(run.path).fault == ""


def test_a_resumed_run_is_signed_on_only_where_its_signature_holds(run: RunPaths) -> None:
    second = {"seed": 1, "model_kwargs": {"model_name": "mine:Other"}}
    RunWriter.resume(run.path, config=second).close("stopped")
    assert vouched_run(run.path) == (frozenset({"mine:Other"}), "")
    assert len(SignatureRecord.read(run.signature).configs) == 2
    edit(run.config, seed=3)
    RunWriter.resume(run.path, config=CONFIG | {"seed": 4}).close("stopped")
    assert vouched_run(run.path).fault == CHANGED


def test_no_moment_has_a_file_that_is_not_covered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is killed after any write leaves a run that its owner takes up unasked."""
    seen: list[str] = []
    commit = RunWriter.commit

    def looking(writer: RunWriter, name: Any, content: Any) -> None:
        commit(writer, name, content)
        if writer.paths.config.exists():
            seen.append(vouched_run(writer.paths.path).fault)

    monkeypatch.setattr(RunWriter, "commit", looking)
    writer = RunWriter.start(tmp_path, config=CONFIG, provenance={}, patch="a change")
    writer.commit(writer.paths.model_source, "class Net: pass")
    writer.close("stopped")
    RunWriter.resume(writer.paths.path, config=CONFIG | {"seed": 2}).close("stopped")
    assert len(seen) > 5 and {*seen} == {""}


def test_without_a_key_nothing_is_signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "state").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    writer = RunWriter.start(tmp_path / "w", config=CONFIG, provenance={})
    writer.close("stopped")
    assert not key_file().parent.is_dir() and not writer.paths.signature.exists()
    sign_run(writer.paths.path)
    assert vouched_run(writer.paths.path).fault == MISSING


def test_of_a_base_config_the_paths_that_the_user_gave_are_signed(tmp_path: Path) -> None:
    theirs = {"trainer": "their:T", "model_kwargs": {"model_name": "my:N"}}
    sign_given(tmp_path, theirs, {"model_kwargs": {"model_name": "my:N"}})
    assert vouched_work_dir(tmp_path).paths == {"my:N"}
    sign_given(tmp_path, theirs | {"criterion_kwargs": {"criterion_name": "my:L"}}, {"seed": 3})
    assert vouched_work_dir(tmp_path).paths == {"my:N"}
    sign_given(tmp_path, theirs, {"trainer": "their:T"})
    assert vouched_work_dir(tmp_path).paths == {"my:N", "their:T"}
