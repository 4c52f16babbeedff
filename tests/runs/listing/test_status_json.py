import json
import os

import pytest

from stride.errors import RunError
from stride.runs.listing.status_json import is_final, parse_status, read_status

GOOD = {"format_version": 1, "state": "done", "created": 5.0}


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"format_version": 4}, "written by a newer STRIDE"),
        ({"format_version": True}, "has no format_version"),
        ({"format_version": None}, "has no format_version"),
        ({"state": 3}, "names no state"),
        ({"created": None}, "does not say when"),
        ({"created": "yesterday"}, "'created' is not a time"),
        ({"created": float("nan")}, "'created' is not a time"),
        ({"created": 10**400}, "status.json"),
        ({"created": True}, "'created' is not a time"),
    ],
)
def test_a_status_without_sense_is_refused(tmp_path, change, what):
    (tmp_path / "status.json").write_text(json.dumps(GOOD | change))
    with pytest.raises(RunError, match=what):
        parse_status(tmp_path, read_status(str(tmp_path))[0])


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b"\0" * 9, b"[" * 100_000])
def test_a_torn_status_is_refused(tmp_path, content):
    (tmp_path / "status.json").write_bytes(content)
    with pytest.raises(RunError, match=r"status\.json"):
        parse_status(tmp_path, content)


def test_the_signature_tells_a_change_that_keeps_size_and_time(tmp_path):
    path = tmp_path / "status.json"
    path.write_text("aaaa")
    content, signature = read_status(str(tmp_path))
    before = path.stat()
    while os.stat(path).st_ctime_ns == before.st_ctime_ns:  # the clock has ticks
        path.write_text("bbbb")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    changed, other = read_status(str(tmp_path))
    assert (content, changed) == (b"aaaa", b"bbbb")
    assert other[1:] == signature[1:] and other != signature


def test_only_ended_runs_with_all_that_a_row_needs_last():
    whole = GOOD | {"overrides": [], "metrics": {}}
    assert is_final(whole)
    assert not is_final(whole | {"state": "running"})
    assert not any(
        is_final({k: v for k, v in whole.items() if k != key})
        for key in whole
        if key in ("overrides", "metrics")
    )
