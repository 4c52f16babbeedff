"""A run with the same config, code and data is found, also among very many, and never wrongly."""

import json
import os
import uuid

import pytest

from stride.runs.layout import WorkDirPaths
from stride.runs.provenance.setups import remember, same_setup, setup_digest
from stride.runs.writer import RunWriter

CONFIG = {"format_version": 3, "work_dir": "W", "run": None, "seed": 1, "logging_config": {}}
PROVENANCE = {"data_fingerprint": "d", "git": {"commit": "c", "patch_sha256": None}, "folder": "/x"}


@pytest.fixture
def start(tmp_path):
    def make(digest="a" * 64, name=None, state="done"):
        writer = RunWriter.start(tmp_path / "W", name, config=CONFIG, provenance={}, force=True)
        remember(tmp_path / "W", digest, writer.paths.name, writer.uuid)
        writer.close(state)
        return writer

    return make


def test_place_and_logging_do_not_count_and_all_else_does():
    digest = setup_digest(CONFIG, PROVENANCE)
    same = {**CONFIG, "work_dir": "V", "run": "x", "logging_config": {"level": "DEBUG"}}
    assert setup_digest(same, {**PROVENANCE, "folder": "/y"}) == digest
    git = {"commit": "c", "patch_sha256": "p"}
    others = [
        setup_digest({**CONFIG, "seed": 2}, PROVENANCE),
        setup_digest(CONFIG, {**PROVENANCE, "data_fingerprint": "e"}),
        setup_digest(CONFIG, {**PROVENANCE, "git": git}),
        setup_digest(CONFIG, {**PROVENANCE, "modules": {"mine": "0"}}),
        setup_digest(CONFIG, {**PROVENANCE, "initial_weights_sha256": "0"}),
    ]
    assert len({digest, *others}) == 6
    assert setup_digest(CONFIG, {**PROVENANCE, "data_fingerprint": ""}) is None


def test_the_newest_that_is_done_is_found(start, tmp_path):
    place = tmp_path / "W"
    assert same_setup(place, "a" * 64) is None
    start(state="failed")
    assert same_setup(place, "a" * 64) == (place / "0", "failed")
    start()
    second = start()
    start(state="failed")
    start("b" * 64)
    assert same_setup(place, "a" * 64) == (place / "2", "done")
    assert same_setup(place, "a" * 64, but=second.uuid) == (place / "1", "done")
    assert same_setup(place, "c" * 64) is None


def test_a_run_that_is_gone_or_another_by_now_is_not_found(start, tmp_path):
    place = tmp_path / "W"
    start(name="mine")
    start("b" * 64, name="mine")  # in its place
    assert same_setup(place, "a" * 64) is None
    assert same_setup(place, "b" * 64) == (place / "mine", "done")
    os.rename(place / "mine", place / "yours")
    assert same_setup(place, "b" * 64) is None


def test_whatever_the_list_is_nothing_breaks(start, tmp_path):
    place, digest = tmp_path / "W", "a" * 64
    start()
    listed = WorkDirPaths(place).setups
    line = listed.read_bytes()
    strange = [{"setup": digest, "run": run, "uuid": "u"} for run in ("../../x", 3, ".stride", "0")]
    listed.write_bytes(
        b"".join(json.dumps(one).encode() + b"\n" for one in strange) + b"\xff{" + line
    )
    assert same_setup(place, digest) is None
    listed.write_bytes(line + line[:20])
    assert same_setup(place, digest) == (place / "0", "done")
    listed.unlink()
    os.mkfifo(listed)
    remember(place, digest, "0", "u")
    assert same_setup(place, digest) is None
    listed.unlink()
    (tmp_path / "private").write_text("mine")
    listed.symlink_to(tmp_path / "private")
    remember(place, digest, "0", "u")
    assert (tmp_path / "private").read_text() == "mine"
    assert same_setup(tmp_path / "nowhere", digest) is None


def test_the_list_of_many_runs_is_read_once_and_no_folder_but_the_one(start, tmp_path):
    place, digest = tmp_path / "W", "a" * 64
    start()
    others = ({"setup": uuid.uuid4().hex * 2, "run": str(n), "uuid": "u"} for n in range(1, 10_000))
    with WorkDirPaths(place).setups.open("a") as file:
        file.writelines(json.dumps(one) + "\n" for one in others)
    assert same_setup(place, digest) == (place / "0", "done")
