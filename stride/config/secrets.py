"""Detect keys that hold secrets, and mask their values in what is recorded."""

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from stride.config.values import flatten

MASK = "***"
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ALWAYS = {"password", "passwd", "passphrase", "secret"}
_TEXTS = {"token", "key"}  # a number is a size or an id: token_dim, num_key_value_heads
_QUOTED = re.compile(
    r"""(?P<before>(?P<q>["'])(?P<key>[^"'\\]+)(?P=q)\s*:\s*(?P<p>["']))"""
    r"""(?P<value>(?:\\.|(?!(?P=p)).)*)(?P=p)""",
    re.DOTALL,
)


@lru_cache(maxsize=1024)
def words_of(name: str) -> frozenset[str]:
    """Return the words of a key or a file's name: api_key, apiKey and API-KEY have the same."""
    return frozenset(word.lower() for word in _WORDS.findall(name))


def is_secret(key: str, value: object) -> bool:
    """Tell whether a key says that its value is a secret.

    Args:
        key: an option, an environment variable or a dotted key, of which each part counts.
        value: where the key may as well mean something else, only a text is one.
    """
    words = words_of(key)
    if value is None or value == "" or value == []:
        return False
    return bool(words & _ALWAYS) or (bool(words & _TEXTS) and _has_text(value))


def _has_text(value: object) -> bool:
    if isinstance(value, list):
        return any(map(_has_text, value))
    if not isinstance(value, str):
        return False
    try:
        return isinstance(json.loads(value), str | list | dict)
    except ValueError:
        return True


def mask(text: str) -> str:
    """Return an override or a word of a command without the values of secret keys."""
    key, equals, value = text.partition("=")
    if equals and re.fullmatch(r"[\w.-]+", key):
        return f"{key}={MASK if is_secret(key, value) else mask(value)}"
    return _QUOTED.sub(_without_value, text)


def _without_value(found: re.Match[str]) -> str:
    secret = is_secret(found["key"], found["value"])
    return f"{found['before']}{MASK}{found['p']}" if secret else found[0]


def mask_command(words: Iterable[str]) -> list[str]:
    """Return a command without the values of secret keys, also behind an option of their name."""
    told: list[str] = []
    option = ""
    for word in words:
        is_option = word.startswith("-")
        told.append(MASK if not is_option and is_secret(option, word) else mask(word))
        option = word if is_option and "=" not in word else ""
    return told


def mask_values(values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return nested values without those of secret keys."""
    return {
        name: mask_values(value, f"{above}.{name}")
        if isinstance(value, Mapping)
        else (MASK if is_secret(f"{above}.{name}", value) else value)
        for name, value in values.items()
    }


def secret_keys(values: Mapping[str, Any]) -> list[str]:
    """Return the dotted keys of nested values whose values are secrets."""
    return [key for key, value in flatten(values) if is_secret(key, value)]
