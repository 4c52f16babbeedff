"""One strict rule for the names of tags, told with what to type."""

import re

import pytest

from stride.errors import RunError
from stride.runs.tags.names import checked_tag, is_change, is_tag, parse_changes
from stride.runs.where.match import where
from stride.runs.where.names import Field, Names


@pytest.mark.parametrize("name", ["paper", "v1.2", "2026-11", "a_b", "nan", "1e3", "a" * 50])
def test_a_tag_is_found_by_a_query_that_has_it_unquoted(name: str) -> None:
    assert checked_tag(name) == name
    holds = where(f"tag:{name} and tag in [x, {name}]", Names([], []))
    assert holds({Field("field", "tag"): ["other", name]}.get)
    assert not holds({Field("field", "tag"): ["other"]}.get)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Paper", "+paper"),
        ("my run", "+my-run"),
        ("-old", "+old"),
        ("größe", "+gr-e"),
        ("", "+TAG"),
        ("and", "+TAG"),
        ("null", "+TAG"),
        ("a" * 51, "+" + "a" * 50),
        ("a\n", "+a"),
        ("x,y", "+x-y"),
    ],
)
def test_any_other_name_is_refused_with_one_that_is_not(name: str, hint: str) -> None:
    with pytest.raises(RunError, match=re.escape(f"; type: {hint}") + "$"):
        checked_tag(name)
    assert not is_tag(name)


def test_changes_are_typed_with_a_sign() -> None:
    assert parse_changes(["+a", "-b", "c"]) == (["a", "c"], ["b"])
    assert [*map(is_change, ["+a", "-a", "+", "--where", "W/3", "-"])] == [True] * 3 + [False] * 3
    with pytest.raises(RunError, match="'a' is to be added and removed"):
        parse_changes(["+a", "-a"])
    with pytest.raises(RunError, match="it is empty"):
        parse_changes(["+"])
