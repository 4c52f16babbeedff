"""Queries have the structure that one reads in them."""

import pytest

from stride.runs.where.parse import And, Condition, Name, Not, Or, names_in, parse
from stride.runs.where.tokens import QueryError


def plain(query):
    """Return a parsed query as nested tuples, without places."""
    if isinstance(query, Condition):
        name = f"{query.name.aspect}({query.name.text})" if query.name.aspect else query.name.text
        return name if query.value is None else (name, query.sign, _value(query.value))
    if isinstance(query, Not):
        return ("not", plain(query.part))
    return ("and" if isinstance(query, And) else "or", *map(plain, query.parts))


def _value(literal):
    return (
        [_value(one) for one in literal.value] if isinstance(literal.value, list) else literal.value
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("lr < 1e-2", ("lr", "<", 0.01)),
        ("lr=1", ("lr", "==", 1)),
        ("tag:paper", ("tag", ":", "paper")),
        ("tag", "tag"),
        ("not tag", ("not", "tag")),
        ("a or b and c", ("or", "a", ("and", "b", "c"))),
        ("(a or b) and c", ("and", ("or", "a", "b"), "c")),
        ("not a and b", ("and", ("not", "a"), "b")),
        ("not (a and b)", ("not", ("and", "a", "b"))),
        ("not not a", ("not", ("not", "a"))),
        ("1e-4 < lr", ("lr", ">", 0.0001)),
        ("1e-4 < lr <= 1e-2", ("and", ("lr", ">", 0.0001), ("lr", "<=", 0.01))),
        ("seed in [0, 1,]", ("or", ("seed", "==", 0), ("seed", "==", 1))),
        ("seed in []", ("or",)),
        ("seed not in [0, 1]", ("not", ("or", ("seed", "==", 0), ("seed", "==", 1)))),
        ("hidden == [64, [a]]", ("hidden", "==", [64, ["a"]])),
        ("last(test/accuracy) > .9", ("last(test/accuracy)", ">", 0.9)),
        ('"my metric" >= 3', ("my metric", ">=", 3)),
        ("last == 3", ("last", "==", 3)),
        ("created > -7d", ("created", ">", "-7d")),
        ("model ~ res*", ("model", "~", "res*")),
        ('status == "and"', ("status", "==", "and")),
    ],
)
def test_a_query_reads_as_it_is_meant(query, expected):
    assert plain(parse(query)) == expected


def test_what_a_query_looks_at_is_known():
    found = names_in(parse("not (tag:a or min(val) < 2) and lr in [1, 2] and best(test) > 3"))
    assert found == {"tag", "val", "lr", "test"}


@pytest.mark.parametrize(
    ("query", "what", "place"),
    [
        ("", "a field, a key of the config or a metric is expected here", "at its end"),
        ("lr <", "a value is expected here", "at its end"),
        ("lr << 3", "a value is expected here", "character 5"),
        ("lr < 3 seed == 1", "the query should end here", "character 8"),
        ("(lr < 3", "a closing ) is missing here", "at its end"),
        ("lr < 3)", "the query should end here", "character 7"),
        ("seed in 3", "a list is expected here", "character 9"),
        ("seed in [3 4]", "a comma or ] is expected here", "character 12"),
        ("seed in [3", "a comma or ] is expected here", "at its end"),
        ("best(lr > 3", "a closing ) is missing here", "character 9"),
        ("a and or b", "a field, a key of the config or a metric is expected here", "character 7"),
        ("not", "a field, a key of the config or a metric is expected here", "at its end"),
        ("(" * 60, "more than 50 parts inside of each other", "character 51"),
        ("a == " + "[" * 60, "more than 50 parts inside of each other", "character 56"),
        ("not " * 60, "more than 50 parts inside of each other", "character 201"),
    ],
)
def test_a_mistake_is_told_with_its_place(query, what, place):
    with pytest.raises(QueryError) as refused:
        parse(query)
    assert refused.value.what == what and refused.value.where.endswith(place)


def test_an_or_of_nothing_has_no_parts():
    assert parse("seed in []") == Or(()) and parse("last") == Condition(Name("last"))
