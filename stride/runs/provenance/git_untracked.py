"""Write untracked text files as the part of a patch that adds them."""

import os
import re
import stat
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from stride.config.secrets import words_of
from stride.runs.layout import RunPaths

FILE_LIMIT = 2**20  # bytes of one file; larger text is data more often than code
_PRIVATE = (
    ".env",
    ".env.*",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    ".netrc",
    "_netrc",
    ".npmrc",
    ".pypirc",
    ".git-credentials",
    "credentials*",
    "*secret*",
    "*password*",
)  # files and folders
NAMES_LIMIT = 100  # names of files left out
_PLAIN = re.compile(rb"[!#-\[\]-~]+")  # a path that needs no quotes in a patch
_ESCAPES = {ord('"'): b'\\"', ord("\\"): b"\\\\"}


class _LeftOut(Exception):
    """Say why a file is not in the patch."""


def patch_of_untracked(root: Path, names: Iterable[str], limit: int) -> tuple[bytes, list[str]]:
    """Return a patch that adds the text files, and "name (why)" for each file left out.

    Files in STRIDE's run folders are neither: they are results, not code. Files whose names are
    those of secrets are left out unread.

    Args:
        root: the top folder of the repository.
        names: paths below it, as the file system spells them.
        limit: bytes of the patch.
    """
    parts: list[bytes] = []
    left_out: list[str] = []
    in_run = _run_folders(root)
    for name in names:
        if in_run(os.path.dirname(name)):
            continue
        try:
            part = _addition(root, name, limit)
        except (_LeftOut, OSError) as why:
            reason = why.strerror if isinstance(why, OSError) else why
            left_out.append(f"{os.fsencode(name).decode(errors='replace')} ({reason})")
        else:
            parts.append(part)
            limit -= len(part)
    more = len(left_out) - NAMES_LIMIT
    return b"".join(parts), left_out[:NAMES_LIMIT] + ([f"{more} more"] if more > 0 else [])


def _run_folders(root: Path) -> Callable[[str], bool]:
    @cache
    def in_run(folder: str) -> bool:
        run = RunPaths(root / folder)
        if run.status.is_file() and run.segments.is_dir():
            return True
        return bool(folder) and in_run(os.path.dirname(folder))

    return in_run


def _may_hold_secrets(name: str) -> bool:
    """Tell whether the name of a file, or of a folder that it is in, says so."""
    parts = [part.lower() for part in name.split("/")]
    if any(fnmatchcase(part, pattern) for part in parts for pattern in _PRIVATE):
        return True
    # A word of its own: no tokenizer.json; and modules are about tokens, they hold none.
    return bool(words_of(parts[-1]) & {"token", "tokens"}) and not name.endswith(".py")


def _addition(root: Path, name: str, limit: int) -> bytes:
    if _may_hold_secrets(name):
        raise _LeftOut("may hold a secret")
    mode, content = _read(root / name)
    if len(content) > min(limit, FILE_LIMIT):
        raise _LeftOut(f"{len(content):,} bytes")
    if b"\0" in content:
        raise _LeftOut("not text")
    old, new = _quoted(b"a/" + os.fsencode(name)), _quoted(b"b/" + os.fsencode(name))
    header = b"diff --git %s %s\nnew file mode %s\n" % (old, new, mode)
    return header + (b"--- /dev/null\n+++ %s\n" % new + _hunk(content) if content else b"")


def _read(path: Path) -> tuple[bytes, bytes]:
    """Return git's mode of a file, and as much of its content as shows whether it is too long."""
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return b"120000", os.fsencode(os.readlink(path))
    if not stat.S_ISREG(mode):  # a pipe would block, a folder is a repository of its own
        raise _LeftOut("not a plain file")
    with path.open("rb") as file:
        return b"100755" if mode & 0o100 else b"100644", file.read(FILE_LIMIT + 1)


def _hunk(content: bytes) -> bytes:
    lines = content.split(b"\n")
    ending = b"\\ No newline at end of file\n" if lines[-1] else b""
    if not lines[-1]:
        lines.pop()
    return b"@@ -0,0 +1,%d @@\n" % len(lines) + b"".join(b"+%s\n" % line for line in lines) + ending


def _quoted(path: bytes) -> bytes:
    """Quote a path as git does in a patch."""
    if _PLAIN.fullmatch(path):
        return path
    return b'"%s"' % b"".join(_ESCAPES.get(byte) or _escaped(byte) for byte in path)


def _escaped(byte: int) -> bytes:
    return bytes([byte]) if 0x20 <= byte < 0x7F else b"\\%03o" % byte
