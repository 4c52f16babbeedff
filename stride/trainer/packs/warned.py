"""Show each run of a pack what Python would show one of them alone."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from stride.log import speaker

_ONCE = ("default", "module", "once")
"""What has Python show a warning a single time; here: to each run, from each line of code."""


@contextmanager
def warned_each() -> Iterator[None]:
    """Let warnings in the block be shown once to each who speaks, where they would be shown once.

    Python remembers what it showed, and not to whom.
    """
    filters, show, known = [*warnings.filters], warnings.showwarning, set[tuple[Any, ...]]()

    def show_once(message: Any, category: type[Warning], name: str, line: int, *more: Any) -> None:
        key = (speaker(), str(message), category, name, line)
        if key not in known or _action(filters, str(message), category, line) not in _ONCE:
            known.add(key)
            show(message, category, name, line, *more)

    with warnings.catch_warnings():
        # Python's own list: it looks at no other one.
        cast(list[Any], warnings.filters)[:] = [
            ("always" if action in _ONCE else action, *rest) for action, *rest in filters
        ]
        warnings.simplefilter("always", append=True)  # in place of what no filter names
        warnings.showwarning = show_once  # type: ignore[assignment]  # called by position
        yield


def _action(filters: Sequence[Any], text: str, category: type[Warning], line: int) -> str:
    """Return what is done with a warning; filters that name a module are not asked."""
    for action, pattern, kind, module, number in filters:
        fits = pattern is None or pattern.match(text)
        if fits and issubclass(category, kind) and module is None and number in (0, line):
            return str(action)
    return "default"
