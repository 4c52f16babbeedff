"""A token by which processes find out that they see the same work_dir."""

import threading

import pytest

from stride.errors import RunError
from stride.runs.shared_folder import Token


def everything(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_token_is_seen_while_it_is_there_and_leaves_nothing_of_itself(tmp_path):
    token = Token(tmp_path / "a" / "W")
    with token.placed():
        assert token.is_seen(0) and not Token(tmp_path / "a" / "W").is_seen(0)
    assert not token.is_seen(0)
    assert everything(tmp_path) == ["a", "a/W", "a/W/.stride"]


def test_what_was_made_for_a_token_goes_with_a_failure(tmp_path):
    (tmp_path / "mine").mkdir()
    with pytest.raises(KeyError), Token(tmp_path / "mine" / "a" / "W").placed():
        raise KeyError
    assert everything(tmp_path) == ["mine"]


def test_a_failure_takes_nothing_away_that_others_use(tmp_path):
    with pytest.raises(KeyError), Token(tmp_path / "W").placed():
        (tmp_path / "W" / "0").mkdir()
        raise KeyError
    assert everything(tmp_path) == ["W", "W/0"]


def test_a_file_that_comes_late_is_waited_for(tmp_path):
    token = Token(tmp_path / "W")
    shown = token.placed()
    timer = threading.Timer(0.3, shown.__enter__)
    timer.start()
    assert token.is_seen(20)
    timer.join()


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "W").write_text("a file")
    with (
        pytest.raises(RunError, match="cannot write in this work_dir"),
        Token(tmp_path / "W").placed(),
    ):
        pass
