import pytest

from stride.tables.words import age, duration, number, numbers_apart, setting


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0.04, "0.0s"),
        (9.94, "9.9s"),
        (9.96, "10s"),
        (59.4, "59s"),
        (59.6, "1m 00s"),
        (65, "1m 05s"),
        (3599.7, "1h 00m"),
        (7_380, "2h 03m"),
        (97_200, "1d 03h"),
    ],
)
def test_duration_in_its_two_largest_units(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (-3, "now"),
        (0.5, "now"),
        (59, "59s"),
        (60, "1m"),
        (7_300, "2h"),
        (90_000, "1d"),
    ],
)
def test_age_in_its_largest_unit(seconds: float | None, text: str) -> None:
    assert age(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (3, "3"),
        (True, "True"),
        (0.123456, "0.1235"),
        (1e-9, "1e-09"),
        (float("nan"), "nan"),
        ("NaN", "NaN"),
    ],
)
def test_number_with_four_digits(value: object, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("one", "other", "texts"),
    [
        (0.5, 0.25, ("0.5", "0.25")),
        (0.123456, 0.123457, ("0.123456", "0.123457")),
        (0.1, 0.1 + 2**-56, ("0.10000000000000001", "0.10000000000000002")),
        (1.0, float("nan"), ("1", "nan")),
        (2**60, 2**60 + 1, ("1152921504606846976", "1152921504606846977")),
        (1.5, 1.5, ("1.5", "1.5")),
    ],
)
def test_numbers_that_differ_look_different(one: float, other: float, texts: object) -> None:
    assert numbers_apart(one, other) == texts


def test_setting_is_what_one_would_type() -> None:
    assert setting("007") == "007"
    assert setting([1, "a", None]) == '[1, "a", null]'
    assert setting(True) == "true"
