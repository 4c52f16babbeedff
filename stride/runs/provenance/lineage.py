"""Read of provenance.json what tells runs apart: their data, and from where they come."""

import re
from pathlib import Path
from typing import Any

from stride.errors import RunError
from stride.runs.files.atomic import read_record
from stride.runs.files.safe_open import RECORD_LIMIT, read_own
from stride.runs.layout import FORMAT_VERSION

RELATIONS = ("fork", "reproduction", "weights")
"""In what ways a run may come from its parent."""

# As STRIDE writes it: two spaces stand before a key of the record, and of no table in it.
_HEAD = re.compile(rb'\{\n  "format_version": [1-%d],\n' % FORMAT_VERSION)
_DATA = re.compile(rb'\n  "data_fingerprint": "([^"\\]*)",?\n')
_ORIGINS = (b'\n  "parent": ', b'\n  "imported": ')


def read_lineage(path: Path) -> dict[str, Any]:
    """Return `data_fingerprint`, `parent` and `imported`, where they are there.

    Nothing of a broken file. A file of a run that comes from nowhere else, as STRIDE writes it, is
    not parsed: that takes twice as long as all else, for its list of installed packages.
    """
    try:
        content = read_own(path, RECORD_LIMIT)
        data = _DATA.search(content)
        begun_here = not any(origin in content for origin in _ORIGINS)
        if data and begun_here and _HEAD.match(content) and content[-3:] == b"\n}\n":
            return {"data_fingerprint": data[1].decode()}
        return read_record(path)
    except (OSError, RunError, UnicodeError):
        return {}
