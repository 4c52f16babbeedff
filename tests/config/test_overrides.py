"""The grammar of overrides."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stride.config.overrides import deep_merge, overrides_tree, parse_override
from stride.config.values import Raw
from stride.errors import ConfigError

WORD = st.text(st.characters(codec="utf-8", exclude_characters=".= \t\n\r"), min_size=1).filter(
    lambda text: text.strip() == text
)


@example(["a", "b"], "c=d==e")
@given(st.lists(WORD, min_size=1, max_size=4), st.text())
def test_an_override_is_split_at_the_first_equals_sign(path: list[str], value: str) -> None:
    assert parse_override(f"{'.'.join(path)}={value}") == (tuple(path), Raw(value))


@pytest.mark.parametrize("text", ["x", "=1", "a..b=1", ".a=1", "a.=1", "a. b=1", ""])
def test_a_malformed_override_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(ConfigError, match=r"type (section\.)?key=value") as caught:
        parse_override(text)
    assert repr(text) in str(caught.value)


def test_spaces_round_a_key_do_not_count() -> None:
    assert parse_override(" a.b = 1") == (("a", "b"), Raw(" 1"))


def test_texts_dotted_keys_and_nested_dicts_merge_alike() -> None:
    expected = {"training_config": {"patience": 3, "mode": "min"}}
    assert (
        overrides_tree({"training_config.patience": 3, "training_config.mode": "min"}) == expected
    )
    assert overrides_tree({"training_config": {"patience": 3, "mode": "min"}}) == expected
    mixed = {"training_config": {"patience": 3}, "training_config.mode": "min"}
    assert overrides_tree(mixed) == expected
    texts = ["training_config.patience=3", "training_config.mode=min"]
    typed = {"training_config": {"patience": "3", "mode": "min"}}
    assert overrides_tree(texts) == typed
    assert overrides_tree(None) == {}
    assert overrides_tree("seed=1") == {"seed": "1"}


def test_a_later_override_wins() -> None:
    assert overrides_tree(["seed=1", "seed=2"]) == {"seed": "2"}


def test_merging_leaves_what_is_merged_as_it_is() -> None:
    lower, upper = {"own": {"a": {"b": 1}}}, {"own": {"a": {"c": 2}}}
    assert deep_merge(lower, upper) == {"own": {"a": {"b": 1, "c": 2}}}
    assert (lower, upper) == ({"own": {"a": {"b": 1}}}, {"own": {"a": {"c": 2}}})


def test_a_section_typed_as_json_merges_with_its_keys() -> None:
    texts = ['model_kwargs={"width": 4}', "model_kwargs.depth=2"]
    assert overrides_tree(texts) == {"model_kwargs": {"width": 4, "depth": "2"}}


def test_a_table_typed_as_json_meets_its_keys() -> None:
    for texts in (
        ['model_kwargs.block={"a": 1}', "model_kwargs.block.b=2"],
        ["model_kwargs.block.b=2", 'model_kwargs.block={"a": 1}'],
    ):
        assert overrides_tree(texts) == {"model_kwargs": {"block": {"a": 1, "b": "2"}}}


def test_text_that_only_looks_like_a_table_replaces() -> None:
    assert overrides_tree(["a.b.c=1", "a.b={x"]) == {"a": {"b": "{x"}}
    assert overrides_tree(["a.b=3", "a.b.c=1"]) == {"a": {"b": {"c": "1"}}}


def test_python_values_are_copied_and_checked() -> None:
    widths = [1, 2]
    overrides_tree({"model_kwargs.widths": widths})["model_kwargs"]["widths"].append(3)
    assert widths == [1, 2]
    with pytest.raises(ConfigError, match=r"model_kwargs\.act cannot be written as JSON"):
        overrides_tree({"model_kwargs.act": print})


TREE = st.recursive(
    st.dictionaries(st.sampled_from("abc"), st.integers(), max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner | st.integers(), max_size=3),
    max_leaves=6,
)


@given(TREE)
def test_merging_with_itself_or_nothing_changes_nothing(a: Any) -> None:
    assert deep_merge(a, a) == a
    assert deep_merge({}, a) == deep_merge(a, {}) == a


@given(TREE, TREE)
@example({"a": 1}, {"a": {"b": 2}})
@example({"a": {"b": 2}}, {"a": 1})
@example({"a": {"b": 2}}, {"a": {}})
@example({"a": {"b": {"c": 1}}}, {"a": {"b": {"a": 2}}})
def test_the_upper_layer_is_found_in_the_merged_one(lower: Any, upper: Any) -> None:
    merged = deep_merge(lower, upper)
    assert deep_merge(merged, upper) == merged
    assert merged.keys() == lower.keys() | upper.keys()


def test_text_nested_too_deeply_replaces_a_table_as_text() -> None:
    deep = '{"a":' * 100_000
    assert overrides_tree(["model_kwargs.x.y=1", f"model_kwargs.x={deep}"]) == {
        "model_kwargs": {"x": Raw(deep)}
    }
