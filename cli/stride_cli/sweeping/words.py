"""Let an option take several words: `--lr-sweep 1e-4 1e-3`, `--file run.yaml optimize.yaml`."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from stride_cli.help import CommandHelp

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_FILE = re.compile(r"[^-].*\.(toml|json|ya?ml)", re.IGNORECASE)
_WORDS = {"--lr-sweep": _NUMBER, "--wd-sweep": _NUMBER, "--file": _FILE}
"""Options, and how a word looks that is one more value."""


class SeveralWords(CommandHelp):
    """A command some of whose options go on until a word that cannot be a value of theirs."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words, each further value behind an option of its own."""
        return super().parse_args(ctx, [*repeated(args)])


def repeated(words: Sequence[str]) -> Iterator[str]:
    """Yield the words with the option before each of its values: `--lr-sweep=1 --lr-sweep=2`."""
    value: re.Pattern[str] | None = None
    option = ""
    for number, word in enumerate(words):
        if word == "--":
            yield from words[number:]
            return
        if value is not None and value.fullmatch(word):
            yield f"{option}={word}"
            continue
        value = _WORDS.get(word)
        following = words[number + 1 : number + 2]
        if value is None or not (following and value.fullmatch(following[0])):
            value = None
            yield word
        option = word
