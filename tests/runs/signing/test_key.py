"""The user's key: made once, for the user alone."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stride.runs.signing.key import key_file, make_key, own_key


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a home in which there is no key yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def test_it_is_made_at_its_first_use_for_the_user_alone(state: Path) -> None:
    assert own_key() is None and not state.exists()
    key = make_key()
    assert key is not None and len(key) == 32
    assert own_key() == make_key() == key
    assert key_file() == state / "stride" / "key"
    assert key_file().stat().st_mode & 0o777 == 0o600
    assert key_file().parent.stat().st_mode & 0o777 == 0o700
    assert [file.name for file in key_file().parent.iterdir()] == ["key"]


def test_of_several_that_make_it_at_once_all_have_the_same() -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: make_key(), range(32)))
    assert len({*made}) == 1 and made[0] is not None


def test_its_place_without_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for text in ("", "not/absolute"):
        monkeypatch.setenv("XDG_STATE_HOME", text)
        assert key_file() == tmp_path / ".local/state/stride/key"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_that_others_can_read_or_write_is_none(mode: int) -> None:
    make_key()
    key_file().chmod(mode)
    assert own_key() is None and make_key() is None


def test_a_key_in_a_folder_that_others_can_write_is_none() -> None:
    make_key()
    key_file().parent.chmod(0o770)
    assert own_key() is None and make_key() is None


def test_a_link_is_no_key(tmp_path: Path) -> None:
    make_key()
    os.rename(key_file(), tmp_path / "elsewhere")
    key_file().symlink_to(tmp_path / "elsewhere")
    assert own_key() is None


@pytest.mark.parametrize("content", ["", "ab", "no hex", "ff" * 31])
def test_a_damaged_key_is_none(content: str) -> None:
    make_key()
    key_file().write_text(content)
    assert own_key() is None


def test_no_key_where_none_can_be_kept(state: Path) -> None:
    state.write_text("a file in the place of the folder")
    assert make_key() is None
