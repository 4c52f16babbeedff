"""The names that STRIDE gives files and folders, and those that no run may have."""

import hashlib
import re
import unicodedata

TEMPORARY_PREFIX = ".tmp-"
"""What unfinished files and folders begin with; readers skip them."""

SELECTORS = frozenset({"latest", "best"})
"""What works wherever a run does, and is therefore no run name."""

RESERVED_NAMES = SELECTORS | {"sweeps", "overview"}
"""No run names: the selectors, and the folders of a work_dir that hold sweeps and pictures."""

_NUMBER = re.compile(r"0|[1-9][0-9]*")
_PART_LENGTH = 48


def is_file_name(name: str) -> bool:
    """Tell whether a name in a record is that of a file or folder, and does not lead elsewhere."""
    return name not in ("", ".", "..") and not {*name} & {"/", "\\", "\0"}


def is_number(name: str) -> bool:
    """Tell whether a run's name is a run number as STRIDE writes it (no leading zeros)."""
    return _NUMBER.fullmatch(name) is not None


def artifact_name(name: str, step: int, content: bytes, suffix: str) -> str:
    """Build an artifact's file name, which other content, or another name, never has.

    So a file is never written over, and what a resume does again finds the same name.

    Args:
        name: under which it was logged.
        step: optimiser updates done.
        content: of the file.
        suffix: as `.png`.
    """
    digest = hashlib.sha256(name.encode() + b"\0" + content).hexdigest()
    return f"{sanitised(name)}-{step:08d}-{digest[:12]}{suffix}"


def sanitised(part: str) -> str:
    """Return the last name of an import path, in the characters that a folder may have."""
    plain = unicodedata.normalize("NFKD", part.rpartition(":")[2]).lower()
    ascii_only = plain.encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9_.]+", "-", ascii_only).strip("-._")[:_PART_LENGTH] or "unnamed"
