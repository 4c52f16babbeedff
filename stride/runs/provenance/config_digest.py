"""Know a run's config again: the one in its folder is one that its segments were begun with."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from stride.errors import RunError
from stride.runs.files.atomic import read_record
from stride.runs.files.encoding import json_bytes
from stride.runs.layout import RunPaths
from stride.runs.status import segment_numbers


def config_digest(values: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a config's values, however a file lays them out.

    Args:
        values: what config.json holds, or is to hold; its format_version does not count.
    """
    plain = json.loads(json_bytes({k: v for k, v in values.items() if k != "format_version"}))
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def known_configs(paths: RunPaths) -> set[str]:
    """Return the digests of the configs that a run's segments were begun with.

    Nothing where a segment does not tell: it is of format version 2 or older, or broken.
    """
    try:
        segments = [read_record(paths.segment(n)) for n in segment_numbers(paths)]
    except RunError:
        return set()
    found = [segment.get("config_sha256") for segment in segments]
    return set() if None in found else {str(digest) for digest in found}


def is_edited(paths: RunPaths) -> bool:
    """Tell whether no segment of the run was begun with its config.json: somebody has changed it.

    Raises:
        RunError: it cannot be read.
    """
    known = known_configs(paths)
    return bool(known) and config_digest(read_record(paths.config, unversioned=1)) not in known


def require_known_config(paths: RunPaths) -> None:
    """Refuse a config.json that was edited since the run wrote it.

    Raises:
        RunError: it was, or it cannot be read.
    """
    if is_edited(paths):
        what = f"{paths.config.name} was changed since the run wrote it"
        hint = "bring it back as it was; values that may change go behind --config"
        raise RunError(what, where=str(paths.config), hint=hint)
