"""Hyperparameters are plain values; what only code could build is left out and told."""

import re
from pathlib import Path
from typing import Any

import pytest

from stride.errors import RunError
from stride.exchange.imports.hparams_yaml import read_hparams


def read(text: str, folder: Path) -> tuple[dict[str, Any], list[str]]:
    path, told = folder / "hparams.yaml", list[str]()
    path.write_text(text)
    return read_hparams(path, told.append), told


def test_values_are_as_pyyaml_wrote_them(tmp_path: Path) -> None:
    text = "lr: 1.0e-05\nname: 1e-5\nday: 2026-11-30\n"
    text += "sizes: !!python/tuple [8, 8]\nnothing: null\n"
    found, told = read(text + "nested: {a: [.nan, -.inf]}\n", tmp_path)
    assert found["lr"] == 1e-5 and found["name"] == "1e-5" and found["day"] == "2026-11-30"
    assert found["sizes"] == [8, 8] and found["nothing"] is None and told == []
    assert [*map(str, found["nested"]["a"])] == ["nan", "-inf"]
    assert read("{}\n", tmp_path) == ({}, []) and read("", tmp_path) == ({}, [])


def test_objects_are_left_out_and_nothing_is_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    text = f"a: 1\nb: !!python/object/apply:os.system ['touch {mark}']\nc: [!x y, 2]\n"
    found, told = read(text + "d: {e: !!python/name:torch.float32 ''}\n", tmp_path)
    assert found == {"a": 1, "c": [2], "d": {}} and not mark.exists()
    assert [line.partition(",")[0] for line in told] == [
        "hparams.yaml: b",
        "hparams.yaml: c",
        "hparams.yaml: d.e",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "a: [",
        "a: &x [*x]",
        "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
        + "".join(
            f"{y}: &{y} [{','.join(['*' + x] * 10)}]\n"
            for x, y in zip("abcdef", "bcdefg", strict=True)
        ),
        "a: " + "[" * 200 + "]" * 200,
        "a: \xff",
        "x: 1\nx: 2\n",
        "a: !!bool x",
        "a: !!int ''",
        "a: !!int '+'",
        "a: !!float [1]",
        "%YAML 1.3\n---\na: 1",
    ],
)
def test_what_cannot_be_told_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "hparams.yaml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(RunError, match=re.escape(str(path))):
        read_hparams(path, print)


def test_what_config_json_cannot_hold_is_left_out_or_escaped(tmp_path: Path) -> None:
    text = f"a: 0x{'f' * 5000}\nb: 1{'0' * 308}\nc: 1{'0' * 309}\n? !!python/object:x.y {{}}\n: 1\n"
    found, told = read(text + '"\\ud800": "\\udfff"\n', tmp_path)
    assert found == {"b": 10**308, "\\ud800": "\\udfff"}
    assert told == [
        "hparams.yaml: a, which is a number beyond all floats",
        "hparams.yaml: c, which is a number beyond all floats",
        "hparams.yaml: a key, which is an object (tag:yaml.org,2002:python/object:x.y)",
    ]
