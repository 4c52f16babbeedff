"""Keep the user's own key, by which this user's runs are known again."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from stride.runs.files.durable import make_folder, sync_folder
from stride.runs.files.user_folders import is_private, is_secret, user_folder

_BYTES = 32


def key_file() -> Path:
    """Return where the key is: in $XDG_STATE_HOME/stride, or ~/.local/state/stride."""
    return user_folder("XDG_STATE_HOME", ".local", "state") / "key"


def own_key() -> bytes | None:
    """Return the user's key; None where there is none, or where others can read or replace it."""
    with suppress(OSError, ValueError):
        file = key_file()
        if not is_private(file.parent):
            return None
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(descriptor) as content:
            key = bytes.fromhex(content.read().strip()) if is_secret(descriptor) else b""
        return key if len(key) == _BYTES else None
    return None


def make_key() -> bytes | None:
    """Return the user's key, made at the first use; None where none can be kept.

    Of several processes that make it at once, all return the same.
    """
    if (found := own_key()) is not None:
        return found
    with suppress(OSError):
        file = key_file()
        make_folder(file.parent, 0o700)
        if is_private(file.parent):
            _create(file)
    return own_key()


def _create(file: Path) -> None:
    """Put a new key in place, whole, unless one is there."""
    temporary = file.with_name(f".tmp-{secrets.token_hex(6)}-{file.name}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as content:
            content.write(f"{secrets.token_hex(_BYTES)}\n")
            content.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):
            os.link(temporary, file)
        sync_folder(file.parent)  # what it signs is worth no more than it
    finally:
        temporary.unlink()
