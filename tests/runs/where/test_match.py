"""A run is chosen where the query holds, whatever its values are."""

import math
import operator
import random
from fnmatch import fnmatchcase

import pytest

from stride.runs.where.match import where
from stride.runs.where.names import Names
from stride.runs.where.tokens import QueryError

NOW = 1_000_000.0
RUN = {
    "run": "12",
    "status": "done",
    "created": NOW - 3600,
    "duration": 90.0,
    "tag": ["paper", "v2"],
    "seed": 3,
    "lr": 0.01,
    "fused": True,
    "model": "ResNet18[wide]",
    "hidden": [64, 32],
    "scheduler": None,
    "test/accuracy": 0.97,
    "test/nan": math.nan,
}
METRICS = [name for name in RUN if "/" in name]
NAMES = Names([*({*RUN} - {*METRICS}), "absent", "gone"], METRICS)


def holds(query, run=RUN):
    return where(query, NAMES, now=NOW)(lambda field: run.get(field.key))


@pytest.mark.parametrize(
    "query",
    [
        *("seed == 3", "seed == 3.0", "seed != 4", "seed in [1, 3]", "seed not in [1, 2]"),
        *("lr < 1e-1", "1e-3 < lr <= .01", "fused", "fused == true", "not absent", "seed"),
        *("status == done", "status != failed", "run == 12", "run > 9", "run < 100"),
        *("tag:paper", "tag == v2", "tag != other", "tag ~ pap", "not tag:old"),
        *("model ~ resnet", "model ~ 'resnet??[*'", "model !~ mlp", "model:'ResNet18[wide]'"),
        *("hidden == [64, 32]", "hidden == 64", "hidden != [64]", "scheduler == null"),
        *("absent == null", "absent != 3", "not (absent < 3)", "absent !~ x"),
        *("created > -2h", "created < -30m", "duration > 1m", "duration == 90", "duration < 1.5h"),
        *("test/accuracy > .95", "test/nan == nan", "test/nan != 1", "test/accuracy < inf"),
        *("status == done and (seed == 4 or lr == .01)", "seed == 4 or not fused == false"),
    ],
)
def test_a_query_that_holds(query):
    assert holds(query) and not holds(f"not ({query})")


@pytest.mark.parametrize(
    "query",
    [
        *(
            "seed == '3'",
            "seed == true",
            "seed < true",
            "fused == 1",
            "status == null",
            "scheduler",
        ),
        *("absent < 3", "absent > 3", "absent ~ x", "model < 3", "tag < a", "hidden == [64]"),
        *("test/nan < 1", "test/nan > 1", "test/nan == 1", "seed in []", "lr ~ 0", "seed == inf"),
        *("hidden == [32, 64]", "tag == [paper]", "fused < 2", "scheduler > 0"),
    ],
)
def test_a_query_that_does_not_hold(query):
    assert not holds(query)


@pytest.mark.parametrize(
    ("query", "what", "place"),
    [
        ("created > 7d", "created is compared with a time: -7d", 11),
        ("created > soon", "created is compared with a time: -7d", 11),
        ("duration > long", "duration is compared with a span of time", 12),
        ("test/accuracy > high", "test/accuracy is compared with a number", 17),
        ("test/accuracy ~ 9", "~ compares texts, and test/accuracy is none", 17),
        ("seed > null", "null is neither smaller nor larger", 8),
        ("seed > [1]", "a list is neither smaller nor larger", 8),
        ("seed == 3 and sed == 4", "no run here has 'sed'", 15),
        ("status == don", "no status is called 'don'", 11),
        ("seed == 3 and status != 'Failed'", "no status is called 'Failed'", 25),
        ("status in [done, fail]", "no status is called 'fail'", 18),
        ("status:[done, 3]", "no status is called '3'", 15),
        ("relation == forks", "no relation is called 'forks'", 13),
    ],
)
def test_a_value_that_cannot_be_compared_is_refused_with_its_place(query, what, place):
    with pytest.raises(QueryError, match=f"character {place}\\b") as refused:
        where(query, NAMES, now=NOW)
    assert refused.value.what.startswith(what)


def test_a_word_that_no_run_can_have_is_refused_with_the_nearest_or_all_of_them():
    with pytest.raises(QueryError) as refused:
        where("status == don", NAMES)
    assert refused.value.hint == "did you mean 'done'?"
    with pytest.raises(QueryError) as refused:
        where("relation == x", NAMES)
    assert refused.value.hint == "there are fork, reproduction, weights"
    for query in ("status == broken", "status != null", "status ~ don", "status == waiting"):
        where(query, NAMES)


KEYS = ["a", "b", "c", "t/x"]
VALUES = [None, True, False, 0, 1, 2, 1.5, -1, "x", "xy", "1", "", [1, "x"], []]
LITERALS = [
    *("1", "2", "1.5", "-1", "0", "x", "xy", "true", "false", "null"),
    "'1'",
    "'x y'",
    "[1, x]",
]
ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def value_of(literal):
    if literal.startswith("["):
        return [value_of(one.strip()) for one in literal[1:-1].split(",")]
    if literal.startswith("'"):
        return literal[1:-1]
    words = {"true": True, "false": False, "null": None}
    return words[literal] if literal in words else eval(literal, {}, {"x": "x", "xy": "xy"})


def same(value, literal):
    """Tell whether two values are equal, in the plainest way to say it."""
    wanted = value_of(literal)
    if isinstance(value, list) and not isinstance(wanted, list):
        return any(same(one, literal) for one in value)
    if isinstance(value, list):
        return len(value) == 2 and [type(one) for one in value] == [int, str] and value == wanted
    if isinstance(value, str) and wanted is not None and not isinstance(wanted, list):
        return value == literal.strip("'")
    return (type(value) in (int, float) and type(wanted) in (int, float) and value == wanted) or (
        value is wanted and value in (None, True, False)
    )


def ordered(value, sign, literal):
    wanted, text = value_of(literal), literal.strip("'")
    number = type(wanted) in (int, float)
    if type(wanted) is bool:
        return isinstance(value, str) and ORDER[sign](value, text)
    if isinstance(value, str):
        by_number = number and value.isdecimal()
        return ORDER[sign](int(value), wanted) if by_number else ORDER[sign](value, text)
    return number and type(value) in (int, float) and ORDER[sign](value, wanted)


def found(value, literal):
    if isinstance(value, list):
        return any(found(one, literal) for one in value)
    return isinstance(value, str) and fnmatchcase(value, f"*{literal.strip(chr(39))}*")


def random_query(draw, depth=3):
    """Return a query, and the function of a run's values that it stands for."""
    kind = draw.choice(["and", "or", "not", "one"]) if depth else "one"
    if kind in ("and", "or"):
        parts = [random_query(draw, depth - 1) for _ in range(draw.randint(2, 3))]
        decide = all if kind == "and" else any
        text = f" {kind} ".join(f"({text})" for text, _ in parts)
        return text, lambda run: decide(holds(run) for _, holds in parts)
    if kind == "not":
        text, inner = random_query(draw, depth - 1)
        return f"not ({text})", lambda run: not inner(run)
    key, sign = (
        draw.choice(KEYS[:3]),
        draw.choice(["==", "!=", "<", ">", "<=", ">=", "~", "!~", "in"]),
    )
    if sign == "in":
        some = draw.sample(LITERALS[:10], draw.randint(0, 3))
        return f"{key} in [{', '.join(some)}]", lambda run: any(same(run[key], one) for one in some)
    literals = LITERALS
    if sign in ORDER or "~" in sign:
        literals = ["1", "1.5", "-1", "true", "x", "'1'", "'x y'"] if sign in ORDER else ["x", "xy"]
    literal = draw.choice(literals)
    plain = {
        "==": same,
        "!=": lambda v, w: not same(v, w),
        "~": found,
        "!~": lambda v, w: not found(v, w),
    }
    if sign in ORDER:
        return f"{key} {sign} {literal}", lambda run: ordered(run[key], sign, literal)
    return f"{key} {sign} {literal}", lambda run: plain[sign](run[key], literal)


def test_a_thousand_random_queries_agree_with_a_plain_evaluation():
    draw, names = random.Random(0), Names(KEYS[:3], KEYS[3:])
    agreed = 0
    for _ in range(1000):
        text, plainly = random_query(draw)
        asked = where(text, names, now=NOW)
        for _ in range(10):
            run = {key: draw.choice(VALUES) for key in KEYS}
            assert asked(lambda field, run=run: run[field.key]) == plainly(run), (text, run)
            agreed += plainly(run)
    assert 3000 < agreed < 7000  # neither of the two answers is rare
