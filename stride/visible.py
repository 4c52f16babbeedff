"""Escape what a terminal, a spreadsheet or a shell would obey in untrusted text."""

import re

_OBEYED = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
# Control characters, turns of the direction of writing, halves of characters; joiners and the
# like belong to the writing of languages.
_HIDDEN = re.compile(f"[{_OBEYED}]")
_HIDDEN_IN_LINES = re.compile(rf"(?![\n\t])[{_OBEYED}]")
_FORMULA = re.compile(r"[=+\-@\t\r]")


def visible(text: str, *, lines: bool = False) -> str:
    r"""Return text as a person may read it on a terminal: ``\x1b`` for an escape character.

    Args:
        text: whatever a folder, a user or a library said.
        lines: whether line ends and tabs stay what they are.
    """
    return (_HIDDEN_IN_LINES if lines else _HIDDEN).sub(_escaped, text)


def quoted(path: object) -> str:
    """Return a path as it has to be typed in a shell."""
    import shlex  # for errors and hints only

    return shlex.quote(str(path))


def visible_json(text: str) -> str:
    """Return JSON with escapes for what a terminal would obey; it means the same."""
    return _HIDDEN_IN_LINES.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def visible_cell(text: str) -> str:
    """Return the text of a cell of CSV, such that no spreadsheet takes it for a formula.

    A text that is a number stays one, a sign before it or not.
    """
    shown = visible(text, lines=True)
    return f"'{shown}" if _FORMULA.match(text) and not _is_number(text) else shown


def _escaped(match: re.Match[str]) -> str:
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    code = ord(match[0])
    return named.get(match[0]) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
