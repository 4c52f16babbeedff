import hashlib
import os
import subprocess
import time
from pathlib import Path

import pytest

from stride.runs.provenance import git as git_module
from stride.runs.provenance.git import git_state


@pytest.fixture(autouse=True)
def plain_git(monkeypatch, tmp_path):
    """Give every test a git without the user's own config, and without a hook's variables."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.org",
        "GIT_CEILING_DIRECTORIES": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)


def run_git(folder: Path, *arguments: str, data: bytes | None = None) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], input=data, capture_output=True, check=True
    )
    return done.stdout.decode(errors="replace").strip()


@pytest.fixture
def repository(tmp_path) -> Path:
    folder = tmp_path / "code"
    folder.mkdir()
    run_git(folder, "init", "-q", "-b", "main")
    (folder / "train.py").write_text("lr = 1\nepochs = 2\n")
    (folder / "gone.py").write_text("old\n")
    (folder / "moved.py").write_text("a line of its own\n" * 9)
    (folder / "picture.bin").write_bytes(bytes(range(256)))
    (folder / ".gitignore").write_text("*.secret\n")
    run_git(folder, "add", ".")
    run_git(folder, "commit", "-q", "-m", "first")
    return folder


def change_everything(folder: Path) -> None:
    (folder / "train.py").write_text("lr = 2\nepochs = 2\n")
    run_git(folder, "add", "train.py")  # staged ...
    (folder / "train.py").write_text("lr = 2\nepochs = 3")  # ... and changed again
    (folder / "gone.py").unlink()
    run_git(folder, "mv", "moved.py", "? moved.py")
    (folder / "picture.bin").write_bytes(bytes(range(255, -1, -1)))
    (folder / "new.py").write_text("def f():\n    return 'ü'\n\n")
    (folder / "no newline.txt").write_bytes(b"latin-1 \xe4\r\nend")
    (folder / "empty.py").touch()
    (folder / 'qu"ote\\tab\tü.py').write_text("x\n")
    (folder / "script.sh").write_text("echo\n")
    (folder / "script.sh").chmod(0o755)
    (folder / "link.py").symlink_to("new.py")
    (folder / "own.secret").write_text("ignored\n")


def tree(folder: Path) -> dict[str, tuple[bool, bytes | str]]:
    return {
        path.name: (
            os.access(path, os.X_OK),
            os.readlink(path) if path.is_symlink() else path.read_bytes(),
        )
        for path in folder.iterdir()
        if path.name not in (".git", "own.secret")
    }


def apply_to_clone(repository: Path, tmp_path: Path, commit: str, patch: bytes) -> Path:
    clone = tmp_path / "clone"
    run_git(tmp_path, "clone", "-q", str(repository), str(clone))
    run_git(clone, "checkout", "-q", commit)
    run_git(clone, "apply", "--whitespace=nowarn", data=patch)
    return clone


def test_a_clean_repository_has_commit_branch_and_no_patch(repository):
    state, patch = git_state(repository)
    assert patch == b""
    assert state == {
        "root": str(repository),
        "commit": run_git(repository, "rev-parse", "HEAD"),
        "branch": "main",
        "dirty": False,
        "left_out": [],
        "patch_sha256": None,
        "reason": "",
    }


@pytest.mark.parametrize("place", [".", "sub"])
def test_the_root_and_the_index_are_found_whatever_the_folder_is_called(
    repository, place, tmp_path
):
    odd = repository.rename(tmp_path / "a\nnew\nline")
    (odd / "sub").mkdir()
    (odd / "new.py").write_text("a = 1\n")
    state, patch = git_state(odd / place)
    assert (state["root"], state["reason"]) == (str(odd), "")
    assert b"+++ b/new.py" in patch


def test_a_linked_worktree_is_read_by_its_own_index(repository, tmp_path):
    run_git(repository, "worktree", "add", "-q", str(tmp_path / "second"))
    (tmp_path / "second/staged.py").write_text("a = 1\n")
    run_git(tmp_path / "second", "add", ".")
    (state, patch), (first, _) = git_state(tmp_path / "second"), git_state(repository)
    assert (state["branch"], state["dirty"], first["dirty"]) == ("second", True, False)
    assert b"+++ b/staged.py" in patch


def test_a_repository_that_the_environment_names_is_read_from_anywhere(
    repository, tmp_path, monkeypatch
):
    change_everything(repository)
    expected = git_state(repository)
    monkeypatch.setenv("GIT_DIR", str(repository / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(repository))
    assert git_state(tmp_path) == expected


def test_commit_and_patch_rebuild_the_files_as_they_are(repository, tmp_path):
    change_everything(repository)
    state, patch = git_state(repository)
    assert (state["dirty"], state["left_out"], state["reason"]) == (True, [], "")
    assert state["patch_sha256"] == hashlib.sha256(patch).hexdigest()
    assert tree(apply_to_clone(repository, tmp_path, state["commit"], patch)) == tree(repository)


def test_a_file_changed_in_the_instant_of_the_commit_is_in_the_patch(repository):
    """A clock of coarse ticks: same size, same time, and the index was written then too."""
    run_git(repository, "config", "core.trustctime", "false")
    instant = 1_700_000_000 * 10**9
    for text in ("lr = 1\n", "lr = 2\n"):
        (repository / "train.py").write_text(text)
        os.utime(repository / "train.py", ns=(instant, instant))
        if text == "lr = 1\n":
            run_git(repository, "commit", "-q", "-a", "-m", "second")
            os.utime(repository / ".git" / "index", ns=(instant, instant))
    state, patch = git_state(repository)
    assert state["dirty"] is True and b"+lr = 2" in patch


def test_the_users_config_does_not_change_the_patch(repository):
    change_everything(repository)
    expected = git_state(repository)
    for key, value in {
        "diff.noprefix": "true",
        "color.ui": "always",
        "diff.external": "false",
        "diff.relative": "true",
        "status.showUntrackedFiles": "no",
        "status.branch": "false",
    }.items():
        run_git(repository, "config", key, value)
    (repository / "sub").mkdir()
    assert git_state(repository / "sub") == expected


def test_the_users_index_keeps_its_bytes_and_its_time(repository):
    change_everything(repository)
    index = repository / ".git" / "index"
    os.utime(repository / "? moved.py", (1, 1))  # git would refresh this entry of the index
    os.utime(repository / ".gitignore", (1, 1))
    before = (index.read_bytes(), index.stat().st_mtime_ns, index.stat().st_ino)
    git_state(repository)
    assert (index.read_bytes(), index.stat().st_mtime_ns, index.stat().st_ino) == before
    assert not (repository / ".git" / "index.lock").exists()


def test_a_detached_head_has_no_branch(repository):
    run_git(repository, "checkout", "-q", "--detach")
    assert git_state(repository)[0]["branch"] is None


def test_binary_and_long_untracked_files_are_named_and_left_out(repository):
    (repository / "weights.bin").write_bytes(b"\0\1")
    (repository / "table.csv").write_text("1,2\n" * 300_000)
    (repository / "note.txt").write_text("kept\n")
    state, patch = git_state(repository)
    assert state["left_out"] == ["table.csv (1,048,577 bytes)", "weights.bin (not text)"]
    assert b"note.txt" in patch and b"table.csv" not in patch


def test_a_patch_beyond_the_limit_is_left_out_with_its_reason(repository, monkeypatch):
    monkeypatch.setattr(git_module, "PATCH_LIMIT", 100)
    (repository / "train.py").write_text("x = 1\n" * 16)
    state, patch = git_state(repository)
    assert patch == b""
    assert state["reason"].startswith("a patch of ") and "(limit 100)" in state["reason"]


@pytest.mark.parametrize("now", [b"", b"short", b"\0longer" * 100, None])
def test_a_long_tracked_file_is_named_and_the_rest_kept(repository, monkeypatch, tmp_path, now):
    """Its difference is not even made: it would hold the old file and the new one."""
    (repository / "data *.bin").write_bytes(b"\0long" * 100)
    run_git(repository, "add", ".")
    run_git(repository, "commit", "-q", "-m", "data")
    monkeypatch.setattr(git_module, "PATCH_LIMIT", 400)
    (repository / "train.py").write_text("lr = 3\n")
    (repository / "data *.bin").unlink()
    if now is not None:
        (repository / "data *.bin").write_bytes(now)
    state, patch = git_state(repository)
    named = f"data *.bin ({max(500, len(now or b'')):,} bytes)"
    assert (state["left_out"], state["dirty"]) == ([named], True)
    assert state["reason"] == f"the patch is without changes of {named}"
    assert b"+lr = 3" in patch and b"data" not in patch
    apply_to_clone(repository, tmp_path, state["commit"], patch)


def test_a_long_file_that_was_renamed_is_named_once(repository, monkeypatch):
    monkeypatch.setattr(git_module, "PATCH_LIMIT", 100)
    run_git(repository, "mv", "picture.bin", "drawing.bin")
    state, patch = git_state(repository)
    assert (state["left_out"], patch) == (["drawing.bin (256 bytes)"], b"")


def test_a_changed_submodule_is_named_and_its_commit_is_in_the_patch(repository, tmp_path):
    library = tmp_path / "library"
    library.mkdir()
    run_git(library, "init", "-q", "-b", "main")
    (library / "net.py").write_text("a = 1\n")
    run_git(library, "add", ".")
    run_git(library, "commit", "-q", "-m", "first")
    allowed = "-c", "protocol.file.allow=always"
    run_git(repository, *allowed, "submodule", "add", "-q", str(library), "lib")
    run_git(repository, "commit", "-q", "-m", "with a submodule")
    assert git_state(repository)[0]["dirty"] is False
    (repository / "lib/net.py").write_text("a = 2\n")
    run_git(repository, "config", "diff.ignoreSubmodules", "all")
    state, patch = git_state(repository)
    named = "lib (a submodule with changes of its own)"
    assert (state["dirty"], state["left_out"], patch) == (True, [named], b"")
    assert state["reason"] == f"the patch is without changes of {named}"
    run_git(repository / "lib", "commit", "-q", "-a", "-m", "second")
    state, patch = git_state(repository)
    assert (state["left_out"], state["reason"]) == ([], "")
    assert (
        b"+Subproject commit " + run_git(repository / "lib", "rev-parse", "HEAD").encode() in patch
    )


def test_excluded_folders_and_run_folders_are_no_changes(repository):
    for folder in ("work/0", "other/0/logs", "other/0/segments"):
        (repository / folder).mkdir(parents=True)
    (repository / "work/0/config.json").write_text("{}\n")
    (repository / "other/0/status.json").write_text("{}\n")
    (repository / "other/0/logs/rank0.log").write_text("line\n")
    state, patch = git_state(repository, exclude=[repository / "work"])
    assert (patch, state["left_out"]) == (b"", [])
    (repository / "other/notes.py").write_text("x\n")
    assert b"other/notes.py" in git_state(repository, exclude=[repository / "work"])[1]


def test_excluding_the_only_change_leaves_the_repository_clean(repository):
    (repository / "work").mkdir()
    (repository / "work/0.json").write_text("{}\n")
    state, _ = git_state(repository, exclude=[repository / "work", repository.parent])
    assert state["dirty"] is False


def test_a_folder_without_git_says_so(tmp_path):
    state, patch = git_state(tmp_path)
    assert (state["commit"], state["dirty"], patch) == (None, None, b"")
    assert "not a git repository" in state["reason"]


def test_a_folder_that_is_not_there_says_so(tmp_path):
    assert "missing" in git_state(tmp_path / "missing")[0]["reason"]


def test_a_repository_without_a_commit_gives_all_of_its_files(tmp_path):
    folder = tmp_path / "new"
    folder.mkdir()
    run_git(folder, "init", "-q", "-b", "main")
    (folder / "staged.py").write_text("a\n")
    run_git(folder, "add", ".")
    (folder / "untracked.py").write_text("b\n")
    state, patch = git_state(folder)
    assert (state["commit"], state["branch"]) == (None, "main")
    assert state["reason"] == "the repository has no commit yet"
    assert b"+++ b/staged.py" in patch and b"+++ b/untracked.py" in patch


def test_a_missing_git_is_no_error(repository, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    state, patch = git_state(repository)
    assert (state["reason"], patch) == ("git is not on the PATH", b"")


def fake_git(tmp_path: Path, monkeypatch, script: str, mode: int = 0o755) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "git").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "git").chmod(mode)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_a_hanging_git_is_killed_with_its_children(repository, monkeypatch, tmp_path):
    fake_git(tmp_path, monkeypatch, f"sleep 60 & echo $! > {tmp_path}/pid; wait")
    start = time.monotonic()
    state, patch = git_state(repository, timeout=0.5)
    assert time.monotonic() - start < 5
    assert (state["reason"], patch) == ("git gave no answer within 0.5 s", b"")
    assert not_running(int((tmp_path / "pid").read_text()))


def not_running(pid: int) -> bool:
    """Tell whether a process has ended, or is about to be reaped by init."""
    stat = Path(f"/proc/{pid}/stat")
    for _ in range(100):
        if not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False


def test_a_git_that_hangs_after_its_first_answers_keeps_what_was_found(
    repository, monkeypatch, tmp_path
):
    real = subprocess.check_output(["which", "git"], text=True).strip()
    fake_git(tmp_path, monkeypatch, f'case "$*" in *diff*) sleep 60;; esac; exec {real} "$@"')
    (repository / ".gitignore").write_text("changed\n")
    state, patch = git_state(repository, timeout=2)
    assert state["commit"] and state["branch"] == "main"
    assert "no answer" in state["reason"] and patch == b""


def test_a_failing_git_gives_its_first_line_as_the_reason(repository, monkeypatch, tmp_path):
    fake_git(tmp_path, monkeypatch, "echo 'fatal: broken disk' >&2; echo more >&2; exit 128")
    assert git_state(repository)[0]["reason"] == "broken disk"


def test_a_git_that_cannot_be_run_is_no_error(repository, monkeypatch, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_bytes(b"\x7fELF nothing")
    (tmp_path / "bin" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert git_state(repository)[0]["reason"].startswith("git does not start: ")
