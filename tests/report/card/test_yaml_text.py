"""YAML of plain values: parsers of both versions read what was written."""

from typing import Any

import pytest
from ruamel.yaml import YAML

from stride.report.card.yaml_text import yaml_text

HOSTILE = [
    "no",
    "1e-05",
    "a: b # c",
    "---",
    "\"q\" \\ 'q'",
    "- x",
    "",
    " ",
    "é 模型 😀",
    "{a}",
    "!!python",
]


def read(text: str, version: tuple[int, int]) -> Any:
    parser = YAML(typ="safe", pure=True)
    parser.version = version
    return parser.load(text)


@pytest.mark.parametrize("version", [(1, 1), (1, 2)])
def test_values_come_back(version: tuple[int, int]) -> None:
    values = {
        "tags": HOSTILE,
        "numbers": [0, -3, 0.1, 1e-05, 1.5e-07, 1e16, 1e300, 2**60],
        "index": [{"name": "a", "results": [{"metrics": [{"value": 1e-9}], "m": 1}, {"m": 2}]}],
        "table": {"inner": {"text": "x"}},
    }
    assert read(yaml_text(values), version) == values


@pytest.mark.parametrize("sign", ["\n", "\x1b", "\u2028", "\x7f", "\ud800", "\u202e"])
def test_what_a_terminal_obeys_is_escaped(sign: str) -> None:
    (line,) = yaml_text({"key": f"a{sign}b"}).splitlines()
    assert sign not in line
    assert read(line, (1, 2))["key"] == f"a{sign}b".encode("unicode_escape").decode()


@pytest.mark.parametrize("sign", ["\ufeff", "\uffff", "\U000e0001"])
def test_what_yaml_does_not_print_is_written_by_its_number(sign: str) -> None:
    line = yaml_text({"key": sign})
    assert line.isascii() and read(line, (1, 2)) == {"key": sign}
