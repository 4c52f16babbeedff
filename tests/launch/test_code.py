"""The copy of the code: what is tracked, as it stands, and nothing else."""

import os
import subprocess
import sys

import pytest

from stride.errors import UserError
from stride.launch.code import Code


@pytest.fixture
def copy(tmp_path):
    return tmp_path / "W" / "3" / "code"


def files(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir())


def here(project):
    return Code.here(exclude=project / "W")


def track(project, *names):
    subprocess.run(["git", "-C", str(project), "add", "-f", *names], check=True)


def test_tracked_files_are_copied_as_they_are_in_the_working_tree(project, copy):
    (project / "nets.py").write_text("changed = 1\n")
    (project / "new.py").write_text("")
    (project / "notes.txt").write_text("not tracked")
    track(project, "new.py")
    here(project).copy_to(copy)
    assert files(copy) == ["nets.py", "new.py", "sub/run.sh"]
    assert (copy / "nets.py").read_text() == "changed = 1\n"
    assert os.access(copy / "sub" / "run.sh", os.X_OK)


def test_deleted_files_are_not_missed(project, copy):
    (project / "nets.py").unlink()
    here(project).copy_to(copy)
    assert files(copy) == ["sub/run.sh"]


def test_files_of_the_work_dir_are_no_code(project, copy):
    (project / "W").mkdir()
    (project / "W" / "config.json").write_text("{}")
    track(project, "W/config.json")
    here(project).copy_to(copy)
    assert "W/config.json" not in files(copy)


def test_a_link_leads_to_the_same_place(project, copy, tmp_path):
    (tmp_path / "data").mkdir()
    (project / "data").symlink_to(tmp_path / "data")
    (project / "near").symlink_to("../data")
    (project / "sub" / "same.py").symlink_to("../nets.py")
    (project / "lost").symlink_to("nowhere")
    track(project, "data", "near", "sub/same.py", "lost")
    here(project).copy_to(copy)
    assert (copy / "data").resolve() == (copy / "near").resolve() == tmp_path / "data"
    assert (copy / "sub" / "same.py").resolve() == copy / "nets.py"
    assert not os.path.lexists(copy / "lost")


def test_the_job_works_in_the_copy_where_the_command_was_typed(project, copy, monkeypatch):
    monkeypatch.chdir(project / "sub")
    code = here(project)
    assert code.folder(copy) == copy / "sub"


def test_an_untracked_folder_is_made_for_the_job_to_work_in(project, copy, monkeypatch):
    (project / "empty").mkdir()
    monkeypatch.chdir(project / "empty")
    here(project).copy_to(copy)
    assert (copy / "empty").is_dir()


def test_python_searches_the_copy_and_other_places_as_they_are(project, copy, monkeypatch):
    monkeypatch.setattr(sys, "path", ["", str(project / "sub"), "/opt/own", *sys.path[-1:]])
    sys.path.append(os.path.join(sys.prefix, "lib"))
    path = here(project).path(copy)
    assert path[:2] == [str(copy / "sub"), "/opt/own"]
    assert str(copy) not in path  # `python -m stride` searches where it is called, last
    assert not any(entry.startswith(sys.prefix) for entry in path)


def test_without_a_repository_the_files_stay_where_they_are(tmp_path, copy, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = Code.here(exclude=tmp_path / "W")
    assert code.root is None and "not a git repository" in code.reason
    assert code.folder(copy) == tmp_path
    code.require_imported()
    code.copy_to(copy)
    assert not copy.exists()


def test_without_git_too(project, copy, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert here(project).reason == "git is not on the PATH"


def test_a_module_that_the_copy_would_not_have_is_refused(project):
    (project / "forgotten.py").write_text("")
    here(project).require_imported()  # nobody has imported it
    __import__("forgotten")
    try:
        with pytest.raises(UserError, match=r"does not track forgotten\.py.* add forgotten\.py"):
            here(project).require_imported()
        track(project, "forgotten.py")
        here(project).require_imported()
    finally:
        del sys.modules["forgotten"]
