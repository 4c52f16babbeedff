"""Lists of values: how they are split, read and written."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stride.config.sweep.value_lists import (
    is_among,
    read_value,
    read_values,
    require_distinct,
    split,
    value_text,
)
from stride.errors import ConfigError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(-1e9, 1e9) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(JSON, min_size=1, max_size=4))
def test_what_is_written_is_read_again(values: list[Any]) -> None:
    text = ",".join(map(value_text, values))
    assert [value_text(one) for one in read_values(text)] == [*map(value_text, values)]
    assert read_values(text) == values


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("1,2", ["1", "2"]),
        (" a , b c ,", ["a", "b c", ""]),
        ("[64],[64,64]", ["[64]", "[64,64]"]),
        ('"a,b",c', ['"a,b"', "c"]),
        ('{"a": [1,2]},(x,y)', ['{"a": [1,2]}', "(x,y)"]),
        ('"\\",",]"]', None),
        ("[1,2", None),
        ("1],2", None),
        ('5",6"', ['5",6"']),
        ('7"', ['7"']),
    ],
)
def test_commas_in_brackets_and_quotes_do_not_split(text: str, parts: list[str] | None) -> None:
    if parts is None:
        with pytest.raises(ConfigError, match=r"closed|closes nothing"):
            split(text)
    else:
        assert split(text) == parts


def test_the_schema_decides_the_type_of_its_own_keys() -> None:
    assert read_values("001,1,1e-3", "training_config.experiment") == ["001", "1", "1e-3"]
    assert read_values("1e-3,null", "training_config.clip_grad_norm") == [0.001, None]
    assert read_values("null,AdamW,007", "scheduler_kwargs.scheduler_name") == [
        None,
        "AdamW",
        "007",
    ]
    assert read_value('"1,5"', "training_config.experiment") == "1,5"
    with pytest.raises(ConfigError, match="patience must be a whole number, not 'many'"):
        read_value("many", "training_config.patience")


def test_the_keys_of_constructors_are_json_where_it_parses_else_text() -> None:
    values = read_values('1e-3,007,true,"1",[1,"a"],pkg.nets:Net', "model_kwargs.anything")
    assert values == [0.001, "007", True, "1", [1, "a"], "pkg.nets:Net"]
    assert read_values("1") == [1]


@pytest.mark.parametrize("text", ["", "1,,2", "1,"])
def test_an_empty_value_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match='the empty text is typed as ""'):
        read_values(text)
    assert read_values('1,""') == [1, ""]


def test_values_are_equal_as_json_is() -> None:
    assert is_among(1.0, [1]) and is_among({"a": [2.0]}, [{"a": [2]}])
    assert not is_among(True, [1]) and not is_among("1", [1]) and not is_among(None, [])


def test_a_list_without_values_or_with_one_twice_is_refused() -> None:
    require_distinct([1, True, "1", 1.5])
    with pytest.raises(ConfigError, match="lr has no values"):
        require_distinct([], "lr")
    with pytest.raises(ConfigError, match=r"lr has 1\.0 twice"):
        require_distinct([1, 2, 1.0], "lr")
