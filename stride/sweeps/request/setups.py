"""Know by a digest what a trial trains: the config it resolves to, the code it names, the data."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from stride.components import module_digest
from stride.config import Resolved
from stride.config.import_paths import import_paths
from stride.config.values import plain
from stride.sweeps.request.trial_data import TrialData
from stride.version import __version__

_NO_SETTING = frozenset({"work_dir", "run", "logging_config"})


class Setups:
    """Tell trials apart by what decides their numbers, and by nothing else.

    Args:
        base: the config that all start from, whose import paths may be followed.
        data: fingerprints of their data.
        given: digest of a model that is not built from the config; empty where it is.
    """

    def __init__(self, base: Resolved, data: TrialData, given: str) -> None:
        self._base, self._data, self._given = base, data, given

    def of(self, overrides: Mapping[str, Any]) -> str:
        """Return the SHA-256 of what a trial with these overrides trains."""
        config = plain(self._base.override(overrides).config)
        setup = {
            "config": {key: value for key, value in config.items() if key not in _NO_SETTING},
            "code": {path: _text(path) for path in import_paths(config).values()},
            "data": self._data.of(overrides),
            "given": self._given,
            "stride": __version__,
        }
        return hashlib.sha256(json.dumps(setup, sort_keys=True).encode()).hexdigest()


def _text(path: str) -> str | None:
    """Return the digest of the module of an import path, None where nothing has imported it."""
    return module_digest(path.partition(":")[0])
