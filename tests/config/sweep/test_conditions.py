"""The text of conditions."""

import pytest

from stride.config.sweep.conditions import conditions_text, read_conditions
from stride.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("a=1", {"a": [1]}),
        ("a.b in (SGD,RMSprop) and c=[1,2]", {"a.b": ["SGD", "RMSprop"], "c": [[1, 2]]}),
        ('a="x and y" and b in (null,"(")', {"a": ["x and y"], "b": [None, "("]}),
    ],
)
def test_a_text_and_its_conditions_are_one(text: str, when: dict[str, list[object]]) -> None:
    assert read_conditions(text, str) == when
    assert conditions_text(when) == text


def test_keys_may_be_short_and_spaces_do_not_count() -> None:
    full = {"opt": "optimizer_kwargs.optimizer_name"}
    assert read_conditions(" opt = SGD", full.__getitem__) == {full["opt"]: ["SGD"]}


@pytest.mark.parametrize("text", ["a", "a in 1", "=1", "a in (1", "a=1 and b", "a=1 and a=2", "a="])
def test_what_is_not_a_condition_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        read_conditions(text, str)
