"""The dimensions of a search: text, values, ends, conditions and what is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stride.config.sweep.space import (
    Choice,
    Dimension,
    FloatRange,
    IntRange,
    parse_dimension,
    read_dimension,
)
from stride.errors import ConfigError

SGD = {"optimizer_kwargs.optimizer_name": ["SGD"]}


@pytest.mark.parametrize(
    ("text", "dimension"),
    [
        ("int(1,6)", IntRange(low=1, high=6)),
        ("int(1,64,log)", IntRange(low=1, high=64, log=True)),
        ("int(8,64,step=8)", IntRange(low=8, high=64, step=8)),
        ("float(1e-05,0.1,log)", FloatRange(low=1e-5, high=1e-1, log=True)),
        ("float(0,1,step=0.1)", FloatRange(low=0, high=1, step=0.1)),
        ("float(-1.5,2)", FloatRange(low=-1.5, high=2)),
        ("choice(AdamW,SGD)", Choice(values=["AdamW", "SGD"])),
        ("choice([64],[64,64])", Choice(values=[[64], [64, 64]])),
        ('choice(true,null,"a,b","1")', Choice(values=[True, None, "a,b", "1"])),
        (
            "float(0,0.99) if optimizer_kwargs.optimizer_name=SGD",
            FloatRange(low=0, high=0.99, when=SGD),
        ),
        (
            'int(1,2) if a.b in (1,"x y") and c=[1,2]',
            IntRange(low=1, high=2, when={"a.b": [1, "x y"], "c": [[1, 2]]}),
        ),
    ],
)
def test_a_text_and_its_dimension_are_one(text: str, dimension: Dimension) -> None:
    assert parse_dimension(text) == dimension
    assert str(dimension) == text
    assert read_dimension(dimension.model_dump(by_alias=True)) == dimension
    assert read_dimension(dimension) == dimension


def test_spaces_and_forms_of_numbers_do_not_count() -> None:
    assert parse_dimension(" float( 1e-5 , 1e-1 , log ) ") == parse_dimension("float(1e-5,0.1,log)")
    assert parse_dimension("int(1e1,2E1)") == IntRange(low=10, high=20)
    assert parse_dimension("choice(a) if  x = 1") == Choice(values=["a"], when={"x": [1]})


NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


@given(NUMBERS, NUMBERS, st.none() | st.floats(1e-6, 1e3))
def test_any_range_has_a_text(one: float, other: float, step: float | None) -> None:
    made = FloatRange(low=min(one, other), high=max(one, other), step=step)
    assert parse_dimension(str(made)) == made


def test_the_key_decides_the_type_of_choices_and_of_conditions() -> None:
    assert parse_dimension("choice(1,02)", "training_config.experiment") == Choice(
        values=["1", "02"]
    )
    text = "choice(1,02) if experiment=3"
    key = "training_config.experiment"
    assert parse_dimension(text, "x", lambda short: key).when == {key: ["3"]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("flaot(0,1)", "as float(LOW,HIGH)"),
        ("uniform(0,1)", "as float(LOW,HIGH)"),
        ("loguniform(1e-5,1)", "as float(LOW,HIGH,log)"),
        ("categorical(a,b)", "as choice(VALUE,VALUE)"),
        ("1e-3,1e-2", "as int(LOW,HIGH), float(LOW,HIGH) or choice(A,B)"),
        ("float(0,1", "a bracket is not closed; as float(LOW,HIGH)"),
        ("float(0)", "a lower and an upper end; as float(LOW,HIGH)"),
        ("int()", "a lower and an upper end; as int(LOW,HIGH)"),
        ("float(1,0)", "did you mean float(0,1)?"),
        ("float(0,1,log)", "above 0; as float(0.001,1,log)"),
        ("int(0,64,log)", "above 0; as int(1,64,log)"),
        ("float(-2,-1,log)", "leave out `log`"),
        ("float(1,2,log,step=0.5)", "no equal steps; leave out `log` or `step`"),
        ("int(1,5,step=0)", "step must be greater than or equal to 1, not 0"),
        ("float(0,1,step=0)", "step must be greater than 0, not 0"),
        ("float(0,1,step=Infinity)", "step must be finite"),
        ("int(1,5,)", "it has no option ''"),
        ("int(1,2) if a=1 and a=2", "two conditions are on a; as a in (A,B)"),
        ("int(1,5,lgo)", "no option 'lgo'; did you mean 'log'?"),
        ("int(1,5,step=a)", 'step must be a whole number, not "a"'),
        ("int(1.5,3)", "min must be a whole number, not 1.5"),
        ("float(a,1)", 'min must be a number, not "a"'),
        ("float(true,1)", "min must be a number, not true"),
        ("choice(a,a)", 'has "a" twice'),
        ("choice()", "a value is empty"),
        ("int(1,2) if x", "'x' is not a condition; as KEY=VALUE or KEY in (A,B)"),
        ("int(1,2) when x=1", "it is not a dimension"),
        (3, "it is not a dimension"),
        ({"type": "flaot", "min": 1, "max": 2}, "as text float(LOW,HIGH)"),
        ({"type": "float", "min": 1}, "max is missing"),
        ({"type": "float", "min": 1, "max": 2, "stepp": 1}, "did you mean 'step'?"),
        ({"type": "choice", "values": []}, "has no values"),
        ({"type": "int", "min": 1, "max": 2, "when": {"a": 1}}, "when must be a list"),
        ({"type": "int", "min": 1, "max": 2, "when": {"a": []}}, "a has no values"),
    ],
)
def test_a_mistake_names_the_key_what_is_there_and_the_right_form(text: Any, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_dimension(text, "optimizer_kwargs.lr")
    assert str(caught.value).startswith("optimizer_kwargs.lr=")
    assert (text if isinstance(text, str) else "") in str(caught.value)
    assert words in str(caught.value)
    assert caught.value.key == "optimizer_kwargs.lr"


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("int(1,6)", [1, 6, 3.0], [0, 7, 2.5, True, "3", None]),
        ("int(8,64,step=8)", [8, 64], [9, 72]),
        ("float(0,1)", [0, 1, 0.3], [-0.1, 1.1, False, "0.5"]),
        ("float(0,1,step=0.1)", [0.3, 0.1 + 0.2, 1], [0.35]),
        ("choice(1,true,[1,2])", [1, 1.0, True, [1, 2.0]], [False, "1", [1]]),
    ],
)
def test_a_dimension_knows_its_values(text: str, inside: list[Any], outside: list[Any]) -> None:
    dimension = parse_dimension(text)
    assert all(map(dimension.contains, inside))
    assert not any(map(dimension.contains, outside))


@pytest.mark.parametrize(
    ("text", "value", "edge"),
    [
        ("float(1e-5,1e-1,log)", 1.5e-5, "low"),
        ("float(1e-5,1e-1,log)", 1e-3, None),  # 1 % of the range, and the middle of its scale
        ("float(1e-5,1e-1,log)", 0.09, "high"),
        ("float(0,100)", 4.9, "low"),
        ("float(0,100)", 5.1, None),
        ("float(0,1,step=0.3)", 0.9, "high"),  # the last that it reaches
        ("int(1,6)", 6, "high"),
        ("int(1,6)", 2, None),
        ("int(1,10,step=4)", 9, "high"),
        ("int(3,3)", 3, None),
        ("float(0,1)", 2, None),
        ("choice(1,2)", 1, None),
    ],
)
def test_an_edge_is_one_on_the_scale_of_the_range(text: str, value: float, edge: str) -> None:
    assert parse_dimension(text).at_edge(value) == edge


def test_a_wider_share_has_more_edge() -> None:
    assert FloatRange(low=0, high=1).at_edge(0.2, share=0.25) == "low"


def test_a_condition_holds_where_all_named_dimensions_have_such_values() -> None:
    dimension = parse_dimension("float(0,1) if a in (1,2) and b=x")
    assert dimension.is_active({"a": 2.0, "b": "x", "c": 0})
    assert not dimension.is_active({"a": 3, "b": "x"})
    assert not dimension.is_active({"a": 1})
    assert parse_dimension("float(0,1)").is_active({})
