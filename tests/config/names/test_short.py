"""One rule says what a short name of a key means, for overrides and for queries."""

import pytest

from stride.config.names.short import ALIASES, meanings
from stride.config.schema import OPEN_SECTIONS
from stride.config.typed_keys import declared_keys

KEYS = ["seed", "optimizer_kwargs.lr", "model_kwargs.lr", "training_config.max_epochs", "a.b.c"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("seed", ["seed"]),
        ("lr", ["optimizer_kwargs.lr"]),
        ("epochs", ["training_config.max_epochs"]),
        ("model_kwargs.lr", ["model_kwargs.lr"]),
        ("c", ["a.b.c"]),
        ("b.c", ["a.b.c"]),
        ("b", []),
        ("model", []),
    ],
)
def test_a_name_means_its_key_its_alias_or_what_ends_in_it(name: str, found: list[str]) -> None:
    assert meanings(name, KEYS) == found


def test_several_meanings_are_all_told() -> None:
    assert meanings("x", ["b.x", "a.x", "ax"]) == ["a.x", "b.x"]


def test_an_alias_is_a_key_of_the_schema_or_goes_to_a_constructor() -> None:
    open_keys = {key for key in ALIASES.values() if key not in declared_keys()}
    assert {key.partition(".")[0] for key in open_keys} <= set(OPEN_SECTIONS)
