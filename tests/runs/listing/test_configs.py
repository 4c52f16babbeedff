"""A config is read by its sections, and is the same as read whole, in whatever form it is."""

import json
from pathlib import Path

import pytest

from stride.config.nonfinite import decode_numbers
from stride.config.values import flatten
from stride.errors import RunError
from stride.runs.files.encoding import json_bytes
from stride.runs.layout import FORMAT_VERSION
from stride.runs.listing.configs import config_of, read_config
from stride.runs.listing.pieces import Pieces

CONFIG = {
    "format_version": FORMAT_VERSION,
    "run": "3",
    "seed": 0,
    "optimizer_kwargs": {"lr": "Infinity", "text": '",\n  "run": "9"', "empty": {}, "list": [1]},
    "größe": {"a": {"b": None}},
}
FORMS = {
    "as STRIDE writes it": json_bytes(CONFIG, indent=2),
    "in one line": json.dumps(CONFIG).encode(),
    "indented deeper": json.dumps(CONFIG, indent=4).encode() + b"\n",
    "without a newline": json_bytes(CONFIG, indent=2)[:-1],
    "a run that is no word": json_bytes(CONFIG | {"run": 'a", "b'}, indent=2),
    "a run that is null": json_bytes(CONFIG | {"run": None}, indent=2),
    "a key twice": json_bytes(CONFIG, indent=2).replace(b'"seed": 0', b'"seed": 1,\n  "seed": 2'),
    "unversioned": json_bytes({"seed": 1}, indent=2),
    "empty": b"{}\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_sections_are_the_config(tmp_path: Path, form: str) -> None:
    (tmp_path / "config.json").write_bytes(FORMS[form])
    expected = dict(flatten(decode_numbers(json.loads(FORMS[form]))))
    expected.pop("format_version", None)
    expected.pop("", None)
    config = config_of(tmp_path)
    assert dict(config) == expected
    assert all(config[key] == value for key, value in expected.items())


def test_what_runs_have_in_common_is_one_piece(tmp_path: Path) -> None:
    pieces, found = Pieces(), []
    for name, seed in (("3", 0), ("4", 0), ("5", 1)):
        (tmp_path / "config.json").write_bytes(
            json_bytes(CONFIG | {"run": name, "seed": seed}, indent=2)
        )
        found.append(read_config(str(tmp_path), pieces)[1])
    assert [one.run for one in found] == ["3", "4", "5"]
    assert found[0].pieces == found[1].pieces
    assert len({*found[0].pieces} ^ {*found[2].pieces}) == 2
    assert len(pieces.fresh) == len(CONFIG)  # without `run`, and a second seed


@pytest.mark.parametrize(
    "content",
    [
        b"[]",
        b"{oops",
        json_bytes(CONFIG | {"format_version": 99}, indent=2),
        json_bytes(CONFIG | {"format_version": "3"}, indent=2),
        json_bytes(CONFIG, indent=2).replace(b"null", b"nul"),
        json_bytes(CONFIG, indent=2).replace(b'"seed": 0', b'"seed": [1'),
    ],
)
def test_a_broken_config_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(RunError, match=r"config\.json"):
        config_of(tmp_path)


def test_a_missing_config_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(RunError) as caught:
        config_of(tmp_path)
    assert isinstance(caught.value.__cause__, FileNotFoundError)
