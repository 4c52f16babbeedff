"""Config files in three formats, and their lines."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stride.config.files import _json_lines, read_config_file
from stride.errors import ConfigError, MissingExtra

JSON = """{
  "seed": 3,
  "model_kwargs": {
    "model_name": "a:B", "widths": [1, {"x": 2}],
    "note": "a {brace} and a \\"quoted\\": colon"
  },
  "training_config": {"patience": 4}
}"""
TOML = """seed = 3
# seed = 4
model_kwargs.model_name = "a:B"

[training_config]   # the training
"patience" = 4
callbacks = [
  "a = b",
]
[load_data_kwargs.train_loader_kwargs]
num_workers = 2
"""
YAML = """seed: 3
model_kwargs:
  model_name: a:B
  lr: 1e-5
  answer: no
  day: 2018-11-25
  time: 2018-11-25 10:00:00
  widths: [1, 2]
training_config: {patience: 4}
"""


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_json_with_lines(tmp_path: Path) -> None:
    values, lines = read_config_file(write(tmp_path, "c.json", JSON))
    assert values == json.loads(JSON)
    assert lines["seed"] == 2
    assert lines["model_kwargs.widths"] == 4
    assert lines["model_kwargs.note"] == 5
    assert lines["training_config.patience"] == 7
    assert "model_kwargs.quoted" not in lines


def test_the_keys_of_tables_in_a_list_of_json_have_lines_of_their_own() -> None:
    text = '{"models": [{"a": 1},\n{"b": [2],\n"c": {}}],\n"seed": 0}'
    assert dict(_json_lines(text)) == {
        "models": 1,
        "models.a": 1,
        "models.b": 2,
        "models.c": 3,
        "seed": 4,
    }


def test_toml_with_lines(tmp_path: Path) -> None:
    values, lines = read_config_file(write(tmp_path, "c.toml", TOML))
    assert values["load_data_kwargs"] == {"train_loader_kwargs": {"num_workers": 2}}
    assert lines == {
        "seed": 1,
        "model_kwargs.model_name": 3,
        "training_config": 5,
        "training_config.patience": 6,
        "training_config.callbacks": 7,
        "load_data_kwargs.train_loader_kwargs": 10,
        "load_data_kwargs.train_loader_kwargs.num_workers": 11,
    }


@pytest.mark.parametrize("extra", ['note = """\nseed = 5\n"""', "[[tables]]\nseed = 5"])
def test_toml_that_is_not_simple_has_no_lines(tmp_path: Path, extra: str) -> None:
    values, lines = read_config_file(write(tmp_path, "c.toml", f"seed = 3\n{extra}\n"))
    assert (values["seed"], lines) == (3, {})


def test_a_toml_date_is_text(tmp_path: Path) -> None:
    values, _ = read_config_file(write(tmp_path, "c.toml", "run = 2018-11-25"))
    assert values == {"run": "2018-11-25"}


@pytest.mark.parametrize("suffix", ["yaml", "yml", "YAML"])
def test_yaml_is_version_1_2(tmp_path: Path, suffix: str) -> None:
    values, lines = read_config_file(write(tmp_path, f"c.{suffix}", YAML))
    model = values["model_kwargs"]
    assert model["lr"] == 1e-5
    assert (model["answer"], model["day"]) == ("no", "2018-11-25")
    assert model["time"] == "2018-11-25 10:00:00"
    assert lines["model_kwargs.widths"] == 8
    assert lines["training_config.patience"] == 9


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("c.json", '{"a": 1,\n"b": }', r"not JSON: Expecting value \(.*c.json:2\)"),
        ("c.json", '{"a": 1, "a": 2}', r"duplicate key 'a'"),
        ("c.json", '{"a": NaN}', "NaN is not a JSON number"),
        ("c.json", "[1]", "must hold a table of keys"),
        ("c.json", "", "not JSON"),
        ("c.json", "[" * 100_000, "nested too deeply"),
        ("c.json", b"\xff", "not UTF-8"),
        ("c.toml", "a = 1\na = 2", "not TOML"),
        ("c.toml", "a = 1\nb = ]\n", r"not TOML: .*c.toml:2\)"),
        ("c.yaml", "a: 1\na: 2", r"not YAML: .*duplicate.*c.yaml:2\)"),
        ("c.yaml", "a: [1\nb: 2", r"not YAML: .*c.yaml:2\)"),
        ("c.yaml", "a: !!python/object:os.system 1", "not YAML"),
        ("c.yaml", "- 1", "must hold a table of keys"),
        ("c.yaml", "null: 2", "a key must be text, not None"),
        ("c.txt", "a: 1", "ends in .json, .toml, .yaml or .yml"),
    ],
)
def test_a_bad_file_is_refused_by_its_name(
    tmp_path: Path, name: str, text: str | bytes, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        read_config_file(write(tmp_path, name, text))


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"No such file or directory .*none\.json"):
        read_config_file(tmp_path / "none.json")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(ConfigError, match="Is a directory"):
        read_config_file(tmp_path / "folder.json")


def test_an_empty_yaml_file_and_a_byte_order_mark_are_fine(tmp_path: Path) -> None:
    assert read_config_file(write(tmp_path, "c.yaml", "# nothing\n")) == ({}, {})
    assert read_config_file(write(tmp_path, "c.json", b'\xef\xbb\xbf{"seed": 1}'))[0] == {"seed": 1}


def test_yaml_without_its_package_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ruamel.yaml", None)
    with pytest.raises(MissingExtra, match=r"pip install .*\[yaml\]"):
        read_config_file(write(tmp_path, "c.yaml", "a: 1"))


TREE = st.recursive(
    st.integers() | st.text() | st.lists(st.text(), max_size=2),
    lambda inner: st.dictionaries(
        st.text(st.characters(exclude_characters=".")), inner, max_size=3
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text('ab"\\{}é', min_size=1), TREE, max_size=4))
@example({'a"': {"a": '"}'}, "\\": "\\", "b": ["{", "b"], "{}": {"b": {"b": 1}}})
def test_every_root_key_of_json_stands_on_its_own_line(values: dict[str, Any]) -> None:
    text = (
        "{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in values.items()) + "\n}"
    )
    lines = dict(_json_lines(text))
    assert [lines[name] for name in values] == list(range(2, len(values) + 2))


def test_what_has_no_end_is_no_config_file(tmp_path):
    file = tmp_path / "config.json"
    for make in (
        lambda: os.mkfifo(file),
        lambda: file.symlink_to("/dev/zero"),
        lambda: os.truncate(os.open(file, os.O_CREAT | os.O_WRONLY), 2**40),
        lambda: file.mkdir(),
    ):
        make()
        with pytest.raises(ConfigError, match=r"config\.json|directory"):
            read_config_file(file)
        file.rmdir() if file.is_dir() else file.unlink()
    (tmp_path / "base.json").write_text('{"seed": 3}')
    file.symlink_to("base.json")
    assert read_config_file(file)[0] == {"seed": 3}
