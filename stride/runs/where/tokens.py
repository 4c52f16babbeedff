"""Split a query into words, quoted texts and signs, each with its place."""

import re
from typing import NamedTuple, NoReturn

from stride.errors import UserError

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<sign><=|>=|==|!=|!~|[<>=~:()\[\],])
      | (?P<word>(?:[^\s<>=!~:()\[\],"'&|]|(?<=\d):(?=\d))+)
      | (?P<end>$)
    )""",
    re.VERBOSE,
)


class Token(NamedTuple):
    """A piece of a query.

    Attributes:
        kind: `word`, `text` (quoted), `sign` or `end`.
        text: what it says, without quotes.
        place: of its first character, from 0.
    """

    kind: str
    text: str
    place: int


class QueryError(UserError):
    """Refuse a query, naming the place of the mistake."""

    code = "query"


def refuse(query: str, place: int, what: str, hint: str = "") -> NoReturn:
    """Raise the error for a mistake at a place of a query.

    Raises:
        QueryError: always.
    """
    rest = query[place : place + 20] + ("..." if len(query) > place + 20 else "")
    found = f"at {rest!r}, character {place + 1}" if rest else "at its end"
    raise QueryError(what, where=f"{query!r}, {found}", hint=hint)


def tokens(query: str) -> list[Token]:
    """Return the tokens of a query; the last one is its end.

    Raises:
        QueryError: a quote is not closed, or a character means nothing here.
    """
    found: list[Token] = []
    place = 0
    while True:
        match = _TOKEN.match(query, place)
        if match is None or match.lastgroup is None:
            _refuse_character(query, place)
        kind = match.lastgroup
        text = match[kind]
        if kind == "text":
            text = re.sub(r"\\(.)", r"\1", text[1:-1])
        found.append(Token(kind, text, match.start(kind)))
        if kind == "end":
            return found
        place = match.end()


def _refuse_character(query: str, place: int) -> NoReturn:
    place += len(query[place:]) - len(query[place:].lstrip())
    if query[place] in "\"'":
        refuse(query, place, "a quote is not closed")
    refuse(query, place, f"{query[place]!r} means nothing here", "join conditions by and, or, not")
