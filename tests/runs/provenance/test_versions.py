import os
import re
from importlib.metadata import distributions
from pathlib import Path

from stride.runs.provenance.versions import installed_versions


def test_the_versions_are_those_of_importlib_metadata():
    expected: dict[str, str] = {}
    for found in distributions():
        expected.setdefault(re.sub(r"[-_.]+", "-", found.name).lower(), found.version)
    assert installed_versions() == dict(sorted(expected.items()))
    assert {"torch", "pydantic", "typer"} <= expected.keys()


def dist_info(folder: Path, name: str) -> None:
    (folder / f"{name}.dist-info").mkdir(parents=True)


def test_the_first_folder_of_the_path_counts(tmp_path):
    dist_info(tmp_path / "a", "ruamel.yaml-0.18.1")
    dist_info(tmp_path / "b", "ruamel_yaml-0.17.0")
    dist_info(tmp_path / "b", "Other_Thing-1.0rc1+cpu")
    path = [str(tmp_path / "a"), str(tmp_path / "missing"), str(tmp_path / "b")]
    assert installed_versions(path) == {"other-thing": "1.0rc1+cpu", "ruamel-yaml": "0.18.1"}


def test_an_egg_info_is_read_and_a_broken_one_passed_over(tmp_path):
    (tmp_path / "old.egg-info").mkdir()
    (tmp_path / "old.egg-info" / "PKG-INFO").write_text("Name: Old_Thing\nVersion: 3.1\n")
    (tmp_path / "broken.egg-info").mkdir()
    (tmp_path / "broken.dist-info").mkdir()
    assert installed_versions([str(tmp_path)]) == {"old-thing": "3.1"}


def test_what_is_installed_between_two_runs_is_seen(tmp_path):
    def settle() -> None:
        os.utime(tmp_path, (next(times),) * 2)

    times = iter((1000, 2000, 3000))
    dist_info(tmp_path, "one-1.0")
    settle()
    for _ in range(2):
        assert installed_versions([str(tmp_path)]) == {"one": "1.0"}
    (tmp_path / "one-1.0.dist-info").rename(tmp_path / "one-2.0.dist-info")
    settle()
    assert installed_versions([str(tmp_path)]) == {"one": "2.0"}
    (tmp_path / "old.egg-info").mkdir()
    settle()
    for version in ("3.1", "3.2"):  # which is written in place
        (tmp_path / "old.egg-info/PKG-INFO").write_text(f"Name: old\nVersion: {version}\n")
        assert installed_versions([str(tmp_path)]) == {"old": version, "one": "2.0"}


def test_what_is_installed_within_a_tick_of_the_clock_is_seen(tmp_path):
    dist_info(tmp_path, "one-1.0")
    now = os.stat(tmp_path).st_mtime_ns
    installed_versions([str(tmp_path)])
    dist_info(tmp_path, "two-1.0")
    os.utime(tmp_path, ns=(now, now))
    assert installed_versions([str(tmp_path)]) == {"one": "1.0", "two": "1.0"}


def test_a_relative_path_is_that_of_the_current_folder(tmp_path, monkeypatch):
    for folder in ("a", "b"):
        dist_info(tmp_path / folder, f"{folder}-1.0")
        os.utime(tmp_path / folder, (1000, 1000))
    for folder in ("a", "b"):
        monkeypatch.chdir(tmp_path / folder)
        assert installed_versions([""]) == {folder: "1.0"}
