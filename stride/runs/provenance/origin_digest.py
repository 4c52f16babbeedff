"""Know again where a run's provenance says that its code is from."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def git_facts(provenance: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a provenance says of git, nothing where it says nothing that can be read."""
    git = provenance.get("git")
    return git if isinstance(git, Mapping) else {}


def origin_digest(provenance: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the repository, the commit and the working folder."""
    git = git_facts(provenance)
    place = [git.get("root"), git.get("commit"), provenance.get("folder")]
    return hashlib.sha256(json.dumps(place, sort_keys=True).encode()).hexdigest()
