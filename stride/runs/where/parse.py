"""Parse a query into conditions, by recursive descent.

query      = all ("or" all)*
all        = one ("and" one)*
one        = "not" one | "(" query ")" | condition
condition  = name | name sign value | value sign name [sign value]
           | name ":" value | name ["not"] "in" "[" value ("," value)* "]"
name       = word | text | ("best" | "last" | "min" | "max") "(" name ")"
value      = word | text | "[" [value ("," value)*] "]"
"""

from dataclasses import dataclass
from typing import Any

from stride.runs.where.tokens import Token, refuse, tokens
from stride.runs.where.values import Literal, is_plainly_a_value

ORDERS = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
"""The signs that compare by size, and each with its sides exchanged."""

ASPECTS = ("best", "last", "min", "max")
DEPTH = 50
_SIGNS = (*ORDERS, "==", "=", "!=", "~", "!~", ":")


@dataclass(frozen=True)
class Name:
    """What a condition looks at: a field, a key of the config, or a metric.

    Attributes:
        text: as typed.
        aspect: which value of a metric: `best`, `last`, `min`, `max`; empty: the best, else the
            last.
        place: in the query.
    """

    text: str
    aspect: str = ""
    place: int = 0


@dataclass(frozen=True)
class Condition:
    """A name with a sign and a value; without a sign: whether there is anything."""

    name: Name
    sign: str = ""
    value: Literal | None = None


@dataclass(frozen=True)
class Not:
    """What holds where its part does not."""

    part: Any


@dataclass(frozen=True)
class And:
    """What holds where all of its parts do."""

    parts: tuple[Any, ...]


@dataclass(frozen=True)
class Or:
    """What holds where one of its parts does."""

    parts: tuple[Any, ...]


Query = Condition | Not | And | Or


def parse(query: str) -> Query:
    """Return the conditions of a query.

    Raises:
        QueryError: it is none; says where.
    """
    return _Parser(query).whole()


def names_in(query: Query) -> set[str]:
    """Return the names of all that a query looks at, as typed."""
    if isinstance(query, Condition):
        return {query.name.text}
    parts = (query.part,) if isinstance(query, Not) else query.parts
    return {name for part in parts for name in names_in(part)}


class _Parser:
    """Walk over the tokens of one query."""

    def __init__(self, query: str) -> None:
        self._query, self._tokens, self._at, self._depth = query, tokens(query), 0, 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _takes(self, kind: str, *texts: str) -> bool:
        """Take the next token where it is one of these."""
        found = self._next.kind == kind and self._next.text in texts
        self._at += found
        return found

    def _refuse(self, what: str, hint: str = "") -> Any:
        refuse(self._query, self._next.place, what, hint)

    def whole(self) -> Query:
        found = self._any()
        if self._next.kind != "end":
            self._refuse("the query should end here", "join conditions by and, or")
        return found

    def _any(self) -> Query:
        parts = [self._all()]
        while self._takes("word", "or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all(self) -> Query:
        parts = [self._one()]
        while self._takes("word", "and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _one(self) -> Query:
        self._deepen()
        found = self._nested()
        self._depth -= 1
        return found

    def _deepen(self) -> None:
        self._depth += 1
        if self._depth > DEPTH:
            self._refuse(f"more than {DEPTH} parts inside of each other")

    def _nested(self) -> Query:
        if self._takes("word", "not"):
            return Not(self._one())
        if self._takes("sign", "("):
            found = self._any()
            if not self._takes("sign", ")"):
                self._refuse("a closing ) is missing here")
            return found
        return self._condition()

    def _condition(self) -> Query:
        if is_plainly_a_value(self._next) and self._tokens[self._at + 1].text in ORDERS:
            return self._between()
        name = self._name()
        if self._takes("word", "in"):
            return self._one_of(name)
        if self._next.text == "not" and self._tokens[self._at + 1].text == "in":
            self._at += 2
            return Not(self._one_of(name))
        if self._next.kind == "sign" and self._next.text in _SIGNS:
            sign = self._take().text
            return Condition(name, "==" if sign == "=" else sign, self._value())
        return Condition(name)

    def _between(self) -> Query:
        """Return the conditions of `1e-4 < lr`, or of `1e-4 < lr <= 1e-2`."""
        least, sign = self._value(), ORDERS[self._take().text]
        name = self._name()
        first = Condition(name, sign, least)
        if self._next.kind == "sign" and self._next.text in ORDERS:
            return And((first, Condition(name, self._take().text, self._value())))
        return first

    def _name(self) -> Name:
        token = self._next
        is_word = token.kind == "word" and token.text not in ("and", "or", "in", "not")
        if not is_word and token.kind != "text":
            self._refuse("a field, a key of the config or a metric is expected here")
        self._at += 1
        if token.text in ASPECTS and token.kind == "word" and self._takes("sign", "("):
            inner = self._name()
            if not self._takes("sign", ")"):
                self._refuse("a closing ) is missing here")
            return Name(inner.text, token.text, inner.place)
        return Name(token.text, place=token.place)

    def _one_of(self, name: Name) -> Query:
        if not (self._next.kind == "sign" and self._next.text == "["):
            self._refuse("a list is expected here", "as in: seed in [0, 1, 2]")
        values = self._value().value
        return Or(tuple(Condition(name, "==", value) for value in values))

    def _value(self) -> Literal:
        token = self._next
        if self._takes("sign", "["):
            return Literal("", self._list(), token.place)
        if token.kind in ("end", "sign") or (token.kind == "word" and token.text in ("and", "or")):
            self._refuse("a value is expected here", "quote a text that has other characters")
        self._at += 1
        return Literal.of(token)

    def _list(self) -> list[Literal]:
        self._deepen()
        values: list[Literal] = []
        while not self._takes("sign", "]"):
            values.append(self._value())
            if not self._takes("sign", ",") and self._next.text != "]":
                self._refuse("a comma or ] is expected here")
        self._depth -= 1
        return values
