"""Data and parent of a run are read the same, parsed or not."""

import json

import pytest

from stride.runs.files.encoding import json_bytes
from stride.runs.provenance.lineage import read_lineage

PARENT = {"uuid": "u", "run": "W/1", "relation": "fork"}
RECORD = {"format_version": 3, "command": ['\n  "parent": '], "data_fingerprint": "ab", "git": {}}


@pytest.mark.parametrize(
    "record",
    [
        RECORD,
        {**RECORD, "parent": PARENT},
        {**RECORD, "git": {"data_fingerprint": "no", "parent": "no"}},
        {"format_version": 3, "git": {"data_fingerprint": "no"}},
        {**RECORD, "data_fingerprint": 'a"\\b'},
        {**RECORD, "data_fingerprint": None},
    ],
)
@pytest.mark.parametrize("write", [json_bytes, lambda record: json.dumps(record).encode()])
def test_it_is_what_parsing_gives(tmp_path, record, write):
    path = tmp_path / "provenance.json"
    path.write_bytes(write(record))
    found = read_lineage(path)
    for key in ("data_fingerprint", "parent"):
        assert found.get(key) == record.get(key)


@pytest.mark.parametrize(
    "content", ["", "{", '{"data_fingerprint": "a"}', '{"format_version": 99}']
)
def test_of_a_broken_file_nothing_is_known(tmp_path, content):
    (tmp_path / "provenance.json").write_text(content)
    assert read_lineage(tmp_path / "provenance.json") == {}
    assert read_lineage(tmp_path / "nothing") == {}
