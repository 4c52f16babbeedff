"""Know at a start that the same config, code and data were trained before.

Each start adds a line to one file of the work_dir: a digest, and the run's name and identity. The
next start reads that file alone, 100 bytes for each run that there ever was, and then the status of
those whose digest is its own. It is a hint: without the file, nothing is known, and nothing breaks.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from stride.errors import RunError
from stride.runs.files.atomic import read_record
from stride.runs.files.encoding import json_bytes
from stride.runs.files.jsonl import as_row
from stride.runs.files.safe_open import open_own, read_own
from stride.runs.layout import RunPaths, WorkDirPaths
from stride.runs.provenance.origin_digest import git_facts
from stride.runs.run_names import is_name
from stride.runs.status import find_state
from stride.version import __version__

_NO_SETTING = frozenset({"work_dir", "run", "logging_config", "format_version"})
_CODE = ("sources", "modules", "initial_weights_sha256")  # of provenance.json
_DONE = "done"


def setup_digest(config: Mapping[str, Any], provenance: Mapping[str, Any]) -> str | None:
    """Return the SHA-256 of what decides a run's numbers; None where the data is not known.

    Args:
        config: complete, as plain values; place and logging do not count.
        provenance: of which data and code count: commit and patch where there are any, and the
            text of the user's own modules.
    """
    data, git = provenance.get("data_fingerprint"), git_facts(provenance)
    if not data:
        return None
    setup = {
        "config": {key: value for key, value in config.items() if key not in _NO_SETTING},
        "data": data,
        "code": [__version__, git.get("commit"), git.get("patch_sha256")],
        **{key: provenance.get(key) for key in _CODE},
    }
    plain = json.loads(json_bytes(setup))
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def remember(work_dir: Path | str, digest: str, run: str, uuid: str) -> None:
    """Add a run to the list; where that is not possible, do nothing."""
    line = json.dumps({"setup": digest, "run": run, "uuid": uuid}).encode() + b"\n"
    paths = WorkDirPaths(Path(work_dir))
    with suppress(OSError, RunError):
        descriptor = open_own(paths.setups, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(descriptor, line)  # in one piece: others may append at this moment
        finally:
            os.close(descriptor)


def same_setup(work_dir: Path | str, digest: str, *, but: str = "") -> tuple[Path, str] | None:
    """Return the run that was begun with the same, and its state; one that is done before others.

    Of several the newest. None where there is none any more.

    Args:
        work_dir: where to look.
        digest: of the setup.
        but: uuid of a run that is not meant.
    """
    found = list(_known(WorkDirPaths(Path(work_dir)), digest, but))
    done = [one for one in found if one[1] == _DONE]
    return next(iter([*done, *found]), None)


def _known(paths: WorkDirPaths, digest: str, but: str) -> Iterator[tuple[Path, str]]:
    """Yield the runs that are still there, the newest first."""
    try:
        content = read_own(paths.setups)
    except (OSError, RunError):
        return
    for line in reversed(list(_lines_with(digest.encode(), content))):
        row = as_row(line) or {}
        name, uuid = row.get("run"), row.get("uuid")
        if isinstance(name, str) and is_name(name) and uuid != but:
            state = _state(paths.run(name), uuid)
            if state is not None:
                yield paths.run(name).path, state


def _lines_with(word: bytes, content: bytes) -> Iterator[bytes]:
    """Yield the lines that hold a word; the others are not taken apart."""
    place = content.find(word)
    while place >= 0:
        end = content.find(b"\n", place)
        end = len(content) if end < 0 else end
        yield content[content.rfind(b"\n", 0, place) + 1 : end]
        place = content.find(word, end)


def _state(paths: RunPaths, uuid: Any) -> str | None:
    """Return the state of a run; None where the folder is another's by now."""
    try:
        status = read_record(paths.status)
        same = status.get("uuid") == uuid
        return find_state(paths, status, time.time()).state if same else None
    except RunError:
        return None
