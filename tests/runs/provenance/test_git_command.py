"""Git that runs nothing which a repository itself names."""

import os
import subprocess
from pathlib import Path

import pytest

from stride.runs.provenance.git import git_state
from stride.runs.provenance.git_command import Git, GitFailed


@pytest.fixture(autouse=True)
def plain_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give every test a user of git with a config of their own, and no variables of a hook."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    (tmp_path / "global").write_text("[user]\nname = a\nemail = a@example.org\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "global"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, check=True)
    return done.stdout.decode().strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return made(tmp_path / "code")


def made(folder: Path) -> Path:
    """Return a repository whose attributes name filters."""
    folder.mkdir()
    git(folder, "init", "-q")
    attributes = "*.py filter=evil diff=evil\n*.txt filter=proc\n"
    for name, text in {".gitattributes": attributes, "net.py": "1\n", "a.txt": "1\n"}.items():
        (folder / name).write_text(text)
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    return folder


def changed(folder: Path) -> None:
    (folder / "net.py").write_text("2\n")
    (folder / "a.txt").write_text("2\n")


def test_the_state_is_read_without_a_program_of_the_repository(repository, traps):
    changed(repository)
    ran = traps(repository)
    state, patch = git_state(repository)
    assert state["reason"] == "" and patch.count(b"\n+2\n") == 2
    assert ran() == []
    git(repository, "status")  # the traps are good
    assert {"fsmonitor", "clean"} <= {*ran()}


def test_nor_one_of_a_submodule(repository, tmp_path, traps):
    inner = made(tmp_path / "inner")
    allow = ["-c", "protocol.file.allow=always"]
    git(repository, *allow, "submodule", "--quiet", "add", str(inner), "sub")
    git(repository, *allow, "submodule", "--quiet", "add", str(inner), "other/sub")
    git(repository, "commit", "-qm", "submodules")
    changed(repository / "other" / "sub")
    ran = traps(repository / "other" / "sub")
    state, _ = git_state(repository)
    assert state["left_out"] == ["other/sub (a submodule with changes of its own)"]
    assert ran() == []


def test_a_filter_of_the_user_is_run_whatever_the_repository_says_of_it(repository, tmp_path):
    (tmp_path / "global").write_text('[filter "evil"]\nclean = sed s/2/two/\n')
    git(repository, "config", "filter.evil.clean", f"touch {tmp_path}/ran; cat")
    (repository / "net.py").write_text("2\n")
    assert b"\n+two\n" in git_state(repository)[1]
    assert not (tmp_path / "ran").exists()


def test_nothing_is_fetched(repository, tmp_path):
    fetch = f"touch {tmp_path}/ran; git-upload-pack"
    for key, value in {
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": str(made(tmp_path / "other")),
        "remote.origin.uploadpack": fetch,
    }.items():
        git(repository, "config", key, value)
    with pytest.raises(GitFailed):
        Git(repository)("cat-file", "-p", "1" * 40)
    assert not (tmp_path / "ran").exists()


def test_all_calls_share_one_deadline(repository, monkeypatch):
    call = Git(repository, 60.0)
    call("status")
    monkeypatch.setattr(call, "_deadline", 0.0)
    with pytest.raises(GitFailed, match="no answer within 60 s"):
        call("status")


def test_a_key_that_no_option_could_override_is_refused(repository):
    git(repository, "config", "filter.a=b.clean", "cat")
    assert "a key with '='" in git_state(repository)[0]["reason"]
