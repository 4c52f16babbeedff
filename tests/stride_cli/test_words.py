"""Words that set a key are told from places."""

import pytest

from stride.errors import UserError
from stride_cli.words import is_setting, place_and_settings, settings


@pytest.mark.parametrize("word", ["lr=3", "a.b=", "model_kwargs.k=a=b", " seed =1", "x-y=1"])
def test_a_word_with_a_key_sets_it(word: str) -> None:
    assert is_setting(word)


@pytest.mark.parametrize("word", ["W", "./a=b", "a/b=c", "W/3", "=3", "3=a", ""])
def test_any_other_word_is_a_place(word: str) -> None:
    assert not is_setting(word)


def test_words_are_stronger_than_options() -> None:
    assert settings(["seed=1"], ["seed=2"]) == ["seed=2", "seed=1"]
    assert settings(None, None, "W") == ["work_dir=W"]


def test_one_place_may_stand_anywhere_among_words() -> None:
    assert place_and_settings(["lr=3", "W", "seed=1"], None) == ("W", ["lr=3", "seed=1"])
    assert place_and_settings(None, ["lr=3"]) == (None, ["lr=3"])
    with pytest.raises(UserError, match="'V' is one place too many"):
        place_and_settings(["W", "V"], None)
