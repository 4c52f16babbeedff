"""Install hints that fit how this STRIDE was installed.

Its name is not on the package index, where anybody could take it: no hint sends a user there.
"""

import json
import os
from collections.abc import Sequence

from stride.visible import quoted

DISTRIBUTION = "stride-trainer"


def install_hint(extra: str, packages: Sequence[str]) -> str:
    """Return what to type for an optional part.

    Args:
        extra: the name of the part.
        packages: what to install where the place of this STRIDE is not known.
    """
    source = _source(f"[{extra}]")
    return f"type: pip install {source or ' '.join(map(quoted, _needed(extra) or packages))}"


def upgrade_hint() -> str:
    """Return what to do about a file of a newer version."""
    source = _source("")
    return f"get a newer one, as by: pip install -U {source}" if source else "get a newer STRIDE"


def _source(extra: str) -> str:
    """Return what pip is to be given for the place that STRIDE came from, "" where none is known.

    pip records it in direct_url.json for whatever came from no index.
    """
    from urllib.parse import unquote, urlsplit  # for errors only

    record = _recorded()
    url = str(record.get("url", ""))
    if "dir_info" in record:
        folder = unquote(urlsplit(url).path)
        editable = "-e " if record["dir_info"].get("editable") else ""
        return f"{editable}{quoted(folder + extra)}" if os.path.isdir(folder) else ""
    if "vcs_info" in record:
        return quoted(f"{DISTRIBUTION}{extra} @ {record['vcs_info']['vcs']}+{url}")
    return ""


def _recorded() -> dict[str, dict[str, str]]:
    from importlib.metadata import PackageNotFoundError, distribution  # for errors only

    try:
        text = distribution(DISTRIBUTION).read_text("direct_url.json")
    except PackageNotFoundError:
        return {}
    return dict(json.loads(text)) if text else {}


def _needed(extra: str) -> list[str]:
    """Return the packages of a part, as this STRIDE asks for them."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        known = [text.partition(";") for text in requires(DISTRIBUTION) or ()]
    except PackageNotFoundError:
        return []
    return [name.strip() for name, _, when in known if when.strip() == f"extra == '{extra}'"]
