"""Values of keys that name secrets are not told."""

import pytest

from stride.config.names.fields import dotted_keys
from stride.config.schema import Config
from stride.config.secrets import (
    is_secret,
    mask,
    mask_command,
    mask_values,
    secret_keys,
)


@pytest.mark.parametrize(
    "key",
    ["token", "key", "secret", "password", "api_key", "wandb_token", "HF_TOKEN", "apiKey",
     "APIKey", "--api-key", "dataset_kwargs.storage.secret", "dataset_kwargs.secret.id"],
)  # fmt: skip
def test_a_key_with_such_a_word_names_a_secret(key: str) -> None:
    assert is_secret(key, "abc")
    assert not is_secret(key, None) and not is_secret(key, "")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("model_kwargs.token_dim", 64),
        ("token_dim", "64"),
        ("use_key", "true"),
        ("pad_token", "null"),
        ("key", [1, 2]),
        ("tokenizer", "bpe"),
        ("monkey", "abc"),
        ("keyword", "abc"),
        ("secretary", "abc"),
        ("seed", "abc"),
    ],
)
def test_a_number_and_a_word_that_only_contains_one_are_none(key: str, value: object) -> None:
    assert not is_secret(key, value)


def test_a_password_may_be_a_number() -> None:
    assert is_secret("password", "1234") and is_secret("password", 1234)


def test_no_key_of_the_schema_is_taken_for_one() -> None:
    assert [key for key in dotted_keys(Config) if is_secret(key, "text")] == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("dataset_kwargs.api_key=a=b c", "dataset_kwargs.api_key=***"),
        ("--token=abc", "--token=***"),
        ("--config=dataset_kwargs.token=abc", "--config=dataset_kwargs.token=***"),
        ('wandb_kwargs={"api_key": "a\\"b", "name": "x"}',
         'wandb_kwargs={"api_key": "***", "name": "x"}'),
        ("settings={'password': '1'}", "settings={'password': '***'}"),
        ("model_kwargs.token_dim=64", "model_kwargs.token_dim=64"),
        ("dataset_kwargs.path=a/token=b.csv", "dataset_kwargs.path=a/token=b.csv"),
        ("dataset_kwargs.token=***", "dataset_kwargs.token=***"),
        ("train.py", "train.py"),
    ],
)  # fmt: skip
def test_what_was_typed_is_told_without_it(text: str, told: str) -> None:
    assert mask(text) == told


def test_a_command_is_told_without_what_stands_behind_an_option() -> None:
    typed = ["python", "train.py", "--api-key", "abc", "--key-value", "-v", "--config", "lr=1"]
    assert mask_command(typed) == [*typed[:3], "***", *typed[4:]]


def test_nested_values_are_told_without_them() -> None:
    values = {"a": {"api_key": "abc", "n": 1}, "secret": {"b": "c"}, "keys": ["x"], "key": ["x"]}
    told = {"a": {"api_key": "***", "n": 1}, "secret": {"b": "***"}, "keys": ["x"], "key": "***"}
    assert mask_values(values) == told
    assert secret_keys(values) == ["a.api_key", "secret.b", "key"]
