"""The code that a run was made with, in a folder of its own for a while."""

import hashlib
import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from stride.errors import RunError
from stride.runs.provenance import worktree
from stride.runs.provenance.git import git_state
from stride.runs.provenance.origin_digest import origin_digest
from stride.runs.provenance.worktree import relocate
from stride.runs.run import Run
from stride.runs.signing.signature import CHANGED, vouched_run
from stride.runs.work_dir import WorkDir
from stride.runs.writer import RunWriter

recorded_code = partial(worktree.recorded_code, require=lambda digests: None)


@pytest.fixture(autouse=True)
def plain_git(monkeypatch, tmp_path):
    """Give every test a git without the user's own config, and without a hook's variables."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    who = {"NAME": "A", "EMAIL": "a@example.org"}
    for name, value in {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(tmp_path),
        **{f"GIT_{one}_{key}": v for one in ("AUTHOR", "COMMITTER") for key, v in who.items()},
    }.items():
        monkeypatch.setenv(name, value)


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, check=True)
    return done.stdout.decode().strip()


@pytest.fixture
def repository(tmp_path) -> Path:
    folder = tmp_path / "code"
    (folder / "package").mkdir(parents=True)
    git(folder, "init", "-q")
    (folder / "package" / "net.py").write_text("size = 1\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    return folder


@pytest.fixture
def run_of(tmp_path, repository):
    """Return a function that records a run made with the repository as it is now."""

    def record(folder: Path = repository) -> Run:
        state, patch = git_state(folder)
        provenance = {"format_version": 2, "git": state, "folder": str(folder)}
        writer = RunWriter.start(tmp_path / "W", config={}, provenance=provenance, patch=patch)
        writer.close("done")
        return Run(writer.paths.path)

    return record


def test_what_the_patch_left_out_is_told(repository, run_of, caplog):
    (repository / "weights.bin").write_bytes(b"\0\1")
    with recorded_code(run_of().paths) as code:
        assert not (code.folder / "weights.bin").exists()
    commit = git(repository, "rev-parse", "HEAD")
    assert caplog.messages == [
        f"the code is that of {repository} at commit {commit}",
        "the recorded code is without weights.bin (not text)",
    ]


def test_no_program_that_the_repository_names_is_run(repository, run_of, traps):
    (repository / ".gitattributes").write_text("*.py filter=evil diff=evil\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "attributes")
    (repository / "package" / "net.py").write_text("size = 2\n")
    run = run_of()
    ran = traps(repository)
    with recorded_code(run.paths) as code:
        assert (code.folder / "package" / "net.py").read_text() == "size = 2\n"
    assert ran() == []


@pytest.mark.parametrize("change", [{"commit": "--lock"}, {"commit": "HEAD"}, {"root": "code"}])
def test_what_is_no_commit_of_a_repository_never_reaches_git(repository, run_of, change):
    run = run_of()
    values = json.loads(run.paths.provenance.read_text())
    run.paths.provenance.write_text(json.dumps(values | {"git": values["git"] | change}))
    with pytest.raises(RunError, match=r"provenance\.json names no commit of a repository"):
        recorded_code(run.paths).__enter__()


def test_the_commit_and_the_patch_are_there_and_the_own_tree_is_untouched(repository, run_of):
    (repository / "package" / "net.py").write_text("size = 2\n")
    (repository / "package" / "new.py").write_text("new = True\n")
    run = run_of()
    (repository / "package" / "net.py").write_text("size = 3\n")
    git(repository, "commit", "-qam", "second")
    before = git(repository, "status", "--porcelain"), git(repository, "rev-parse", "HEAD")
    with recorded_code(run.paths) as code:
        assert (code.folder / "package" / "net.py").read_text() == "size = 2\n"
        assert (code.folder / "package" / "new.py").read_text() == "new = True\n"
        assert (repository / "package" / "net.py").read_text() == "size = 3\n"
    assert before == (
        git(repository, "status", "--porcelain"),
        git(repository, "rev-parse", "HEAD"),
    )
    assert not code.folder.exists()
    assert git(repository, "worktree", "list").count("\n") == 0


def test_the_folder_and_the_search_path_are_those_of_the_copy(repository, run_of, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(repository), "/elsewhere", str(repository / "package")])
    with recorded_code(run_of(repository / "package").paths) as code:
        tree = code.folder.parent
        assert code.folder.name == "package"
        assert code.path == [str(tree), "/elsewhere", str(tree / "package")]
        assert repository not in (tree, *tree.parents)


def test_what_is_installed_inside_the_repository_stays_where_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "code" / ".venv"))
    for place, copied in (("lib", True), (".venv/lib", False), (".venv-2", True)):
        found = relocate(str(tmp_path / "code" / place), tmp_path / "code", tmp_path / "copy")
        assert found == str(tmp_path / ("copy" if copied else "code") / place)


def test_a_patch_that_is_a_link_out_of_the_run_is_refused(tmp_path, run_of):
    run = run_of()
    (tmp_path / "other.patch").write_text("")
    run.paths.code_patch.symlink_to(tmp_path / "other.patch")
    with pytest.raises(RunError, match=r"code\.patch is a link out of the run folder"):
        recorded_code(run.paths).__enter__()


def test_the_copy_goes_when_the_block_fails(repository, run_of):
    with pytest.raises(ZeroDivisionError), recorded_code(run_of().paths) as code:
        1 / 0  # noqa: B018
    assert not code.folder.exists()
    assert git(repository, "worktree", "list").count("\n") == 0


def test_a_run_that_was_not_in_git_has_no_code(tmp_path, run_of):
    (tmp_path / "plain").mkdir()
    with pytest.raises(RunError, match=r"records no commit.*without --code"):
        recorded_code(run_of(tmp_path / "plain").paths).__enter__()


def test_a_commit_or_repository_that_is_gone_is_named(repository, run_of):
    run = run_of()
    kept = repository.rename(repository.parent / "moved")
    with pytest.raises(RunError, match=r"git worktree failed.*without --code"):
        recorded_code(run.paths).__enter__()
    kept.rename(repository)
    record = run.paths.provenance
    commit = git(repository, "rev-parse", "HEAD")
    record.write_text(record.read_text().replace(commit, "1" * 40))
    with pytest.raises(RunError, match="git worktree failed"):
        recorded_code(run.paths).__enter__()


def test_a_patch_that_does_not_apply_is_told_and_nothing_stays(repository, run_of):
    (repository / "package" / "net.py").write_text("size = 2\n")
    run = run_of()
    patch = run.paths.code_patch.read_bytes().replace(b"-size", b"-other")
    run.paths.code_patch.write_bytes(patch)
    with pytest.raises(RunError, match=r"code\.patch: damaged"):
        recorded_code(run.paths).__enter__()
    values = json.loads(run.paths.provenance.read_text())
    values["git"]["patch_sha256"] = hashlib.sha256(patch).hexdigest()
    run.paths.provenance.write_text(json.dumps(values))
    with pytest.raises(RunError, match="git apply failed"):
        recorded_code(run.paths).__enter__()
    assert git(repository, "worktree", "list").count("\n") == 0
    assert WorkDir(run.path.parent).names() == ["0"]


def test_a_patch_that_is_gone_is_told_before_anything_is_checked_out(repository, run_of):
    (repository / "package" / "net.py").write_text("size = 2\n")
    run = run_of()
    run.paths.code_patch.unlink()
    with pytest.raises(RunError, match=r"code.patch: it is missing.*without --code"):
        recorded_code(run.paths).__enter__()


def test_a_file_that_was_left_out_of_the_patch_needs_none(repository, run_of):
    (repository / "figure.png").write_bytes(b"\0\xff")
    run = run_of()
    assert run.provenance["git"]["dirty"] and not run.paths.code_patch.exists()
    assert run.provenance["git"]["patch_sha256"] is None
    with recorded_code(run.paths) as code:
        assert (code.folder / "package" / "net.py").read_text() == "size = 1\n"


def test_what_was_read_is_asked_about_before_anything_of_it_is_run(repository, run_of, caplog):
    (repository / "package" / "net.py").write_text("size = 2\n")
    run = run_of()
    asked = {}

    def refuse(digests):
        asked.update(digests)
        run.paths.code_patch.write_text("another")  # too late: the one that was read counts
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        worktree.recorded_code(run.paths, refuse).__enter__()
    assert caplog.messages == [] and git(repository, "worktree", "list").count("\n") == 0
    assert asked == {
        "code.patch": run.provenance["git"]["patch_sha256"],
        "provenance.json": origin_digest(run.provenance),
    }
    assert vouched_run(run.path).fault == CHANGED
    assert vouched_run(run.path, code=asked).fault == ""
    assert vouched_run(run.path, code={"code.patch": asked["code.patch"]}).fault == ""
    for key in asked:
        assert vouched_run(run.path, code=asked | {key: "0" * 64}).fault == CHANGED
