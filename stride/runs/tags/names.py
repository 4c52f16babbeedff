"""Say what a tag may be called, and read changes of tags as they are typed."""

import re
from collections.abc import Iterable

from stride.errors import RunError

TAG = r"[a-z0-9][a-z0-9_.-]*"
LENGTH = 50
_WORDS = frozenset({"and", "or", "not", "in", "null", "none", "true", "false"})  # of a query


def checked_tag(name: str) -> str:
    """Return a tag's name.

    Raises:
        RunError: it is refused; says why and what to type instead.
    """
    problem = _problem(name)
    if not problem:
        return name
    better = re.sub(r"[^a-z0-9_.-]+", "-", name.lower()).strip("-_.")[:LENGTH]
    hint = f"type: +{better}" if not _problem(better) else "type: +TAG"
    raise RunError(f"tag {name[:LENGTH]!r} refused: {problem}", hint=hint)


def is_tag(name: object) -> bool:
    """Tell whether a value is the name of a tag."""
    return isinstance(name, str) and not _problem(name)


def _problem(name: str) -> str:
    """Return what is wrong with a name, or the empty text."""
    if not name:
        return "it is empty"
    if re.fullmatch(TAG, name) is None:
        return "small letters, digits and _ . - only, a letter or digit first"
    if name in _WORDS:
        return "the word is one of the query language"
    return f"longer than {LENGTH} characters" if len(name) > LENGTH else ""


def is_change(word: str) -> bool:
    """Tell whether a word is meant as a change of tags, and as nothing else: `+paper`, `-old`."""
    return re.match(r"\+|-[^-]", word) is not None


def parse_changes(words: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the tags to add and those to remove; a word without a sign is added.

    Raises:
        RunError: a name is refused, or one tag is to be both added and removed.
    """
    given = list(words)
    removed = [checked_tag(word[1:]) for word in given if word.startswith("-")]
    added = [checked_tag(word.removeprefix("+")) for word in given if not word.startswith("-")]
    for name in added:
        if name in removed:
            raise RunError(f"tag {name!r} is to be added and removed", hint="type one of them")
    return added, removed
