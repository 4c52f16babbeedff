"""Errors are one line: what, where, what to type; and an exit code."""

import re
from pathlib import Path

import pytest

from stride import errors
from stride.errors import (
    ConfigError,
    MissingExtra,
    RunFailed,
    StrideError,
    UserError,
    nearest,
    nearest_name,
)
from stride.installed import install_hint


def test_a_message_says_what_where_and_what_to_type():
    assert str(StrideError("it broke")) == "it broke"
    error = ConfigError("unknown key lrr", key="lrr", where="override 2", hint="did you mean 'lr'?")
    assert str(error) == "unknown key lrr (override 2); did you mean 'lr'?"
    assert error.key == "lrr"
    assert install_hint("yaml", []) in str(MissingExtra("ruamel.yaml", "yaml"))


@pytest.mark.parametrize(
    "kind",
    [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, StrideError)],
)
def test_the_users_mistakes_exit_with_2_and_failures_with_1(kind):
    assert kind.exit_code == (2 if issubclass(kind, UserError) else 1)
    assert kind.__name__ in errors.__doc__
    assert issubclass(kind, (UserError, RunFailed)) or kind is StrideError


def test_hints_name_a_setting_as_it_is_typed_everywhere():
    sources = Path(errors.__file__).parent.rglob("*.py")
    assert [path for path in sources if re.search(r"--config [\w{.]", path.read_text())] == []


def test_the_nearest_word_is_offered_only_when_it_is_near():
    assert nearest("pateince", ["patience", "mode"]) == "did you mean 'patience'?"
    assert nearest("zzz", ["patience"]) == ""


@pytest.mark.parametrize(
    ("name", "near"),
    [("no decay", "no_decay"), ("a/b", "a_b"), (" x.y-z ", "x.y-z"), ("2nd", "2nd"), ("..", "")],
)
def test_the_nearest_name_is_of_allowed_characters(name, near):
    wanted = f"did you mean {near!r}?" if near else ""
    assert nearest_name(name, re.compile(r"\w[\w.-]*").fullmatch) == wanted


def test_the_nearest_name_is_one_that_is_allowed():
    assert nearest_name("2nd-one", str.isidentifier) == "did you mean '_2nd_one'?"
    assert nearest_name("a b", lambda name: name != "a_b") == ""


def test_an_error_holds_what_it_was_given_and_shows_what_a_terminal_would_obey() -> None:
    error = StrideError("no \x1b[2J", where="W/\u202e", hint="type: \x9b")
    assert (error.what, error.where) == ("no \x1b[2J", "W/\u202e")
    assert str(error) == "no \\x1b[2J (W/\\u202e); type: \\x9b"
