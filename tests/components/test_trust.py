"""What a folder names needs its owner's word; what this process was given needs none."""

import json
from pathlib import Path
from typing import Any

import pytest

from stride.components.trust import Trust, require_signed
from stride.config import Resolved, resolve_layers, work_dir_layer
from stride.config.layers import argument_layer
from stride.config.names.outline import file_of
from stride.errors import UserError
from stride.runs.layout import WorkDirPaths
from stride.runs.signing.signature import sign_work_dir, vouched_work_dir

KEY = "model_kwargs.model_name"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Give a work_dir whose config names a module, which is not there, twice."""
    values = {"trainer": "pkg.theirs:T", "model_kwargs": {"model_name": "theirs:Net"}}
    WorkDirPaths(tmp_path).config.write_text(json.dumps(values))
    return tmp_path


def test_it_tells_what_would_be_imported_from_where_and_what_to_type(place: Path) -> None:
    (place / "theirs.py").write_text("")
    with pytest.raises(UserError) as refused:
        Trust().require(resolve_layers(work_dir=place))
    text = str(refused.value)
    for word in ("trainer=pkg.theirs:T (no file of it found)", f"{KEY}=theirs:Net", "not signed"):
        assert word in text
    assert f"({place / 'config.json'})" in text and "--trust" in text and "\n" not in text
    assert refused.value.exit_code == 2


def test_what_was_given_is_the_users_word(place: Path) -> None:
    given: list[dict[str, Any]] = [
        {"arguments": {"trainer": "pkg.theirs:T", "model_kwargs": {"model_name": "theirs:Net"}}},
        {"overrides": ["trainer=pkg.theirs:T", f"{KEY}=theirs:Net"]},
        {"overrides": [f"{KEY}=MLP", "trainer=active"]},
        {"overrides": ["trainer=active", 'training_config.metrics=["theirs:Net"]']},
    ]
    for one in given:
        Trust().require(resolve_layers(work_dir=place, **one))
    file = place / "exp.json"
    file.write_text(WorkDirPaths(place).config.read_text())
    Trust().require(resolve_layers(work_dir=place, config_file=file))
    with pytest.raises(UserError, match="trainer=pkg"):
        Trust().require(resolve_layers(work_dir=place, overrides={KEY: "theirs:Net"}))


def test_one_key_alone_or_all_but_one(place: Path) -> None:
    trust, resolved = Trust(), resolve_layers(work_dir=place, overrides={"trainer": "active"})
    trust.require(resolved, only=["trainer"])
    trust.require(resolved, without=[KEY])
    with pytest.raises(UserError, match=KEY):
        trust.require(resolved)


def test_a_word_signs_what_is_there_and_holds_for_this_process(place: Path) -> None:
    trust, resolved = Trust(), resolve_layers(work_dir=place)
    signature = WorkDirPaths(place).signature
    trust.require(resolved, word=True)
    assert vouched_work_dir(place).paths == {"pkg.theirs:T", "theirs:Net"}
    before = signature.stat()
    Trust(word=True).require(resolved)  # nothing is left to sign
    assert signature.stat().st_mtime_ns == before.st_mtime_ns
    Trust().require(resolved)
    signature.unlink()
    trust.require(resolved)
    with pytest.raises(UserError):
        Trust().require(resolved)


def test_each_folder_vouches_for_what_it_names_itself(place: Path) -> None:
    other = place / "other"
    other.mkdir()
    WorkDirPaths(other).config.write_text('{"training_config": {"metrics": ["other:M"]}}')
    layers = [work_dir_layer(str(other)), work_dir_layer(str(place))]
    resolved = Resolved.from_layers([argument_layer({"work_dir": "w"}), *layers])
    sign_work_dir(place, {"trainer": "pkg.theirs:T", KEY: "theirs:Net"})
    with pytest.raises(UserError, match=r"metrics\[0\]=other:M") as refused:
        Trust().require(resolved)
    assert "theirs" not in refused.value.what
    sign_work_dir(other, {"training_config.metrics[0]": "other:M"})
    Trust().require(resolved)


def test_a_word_counts_where_nothing_can_be_signed(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "state").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(place / "state"))
    Trust(word=True).require(resolve_layers(work_dir=place))
    assert not WorkDirPaths(place).signature.exists()


def test_a_folder_that_names_nothing_is_not_signed(tmp_path: Path) -> None:
    WorkDirPaths(tmp_path).config.write_text('{"seed": 3}')
    Trust(word=True).require(resolve_layers(work_dir=tmp_path))
    assert not WorkDirPaths(tmp_path).signature.exists()


def test_what_a_run_holds_needs_a_signature_whatever_it_names(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"code of this run.*not signed.*--trust"):
        require_signed(tmp_path, {}, word=False)


def test_the_file_told_is_the_one_that_would_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json", "theirs"):
        (tmp_path / f"{name}.py").write_text("")
    monkeypatch.chdir(tmp_path)
    assert file_of("json:loads") == json.__file__
    assert file_of("theirs:Net") == str(tmp_path / "theirs.py")
    assert file_of("json.decoder:x") == json.decoder.__file__
