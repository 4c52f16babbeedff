"""Ask before something is deleted for good."""

import sys

from stride.tables.words import byte_size
from stride_cli.output import tell


def and_left(size: int) -> str:
    """Return words for bytes that no run has any more, and that go with what is deleted."""
    return f", and {byte_size(size)} left over from before" if size else ""


def is_confirmed(question: str, *, yes: bool) -> bool:
    """Ask on a terminal, and nowhere else.

    Raises:
        UserError: nobody is there to answer, and `--yes` was not typed.
    """
    if yes:
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        from stride.errors import UserError

        raise UserError("nothing was deleted: nobody is there to ask", hint="add --yes")
    tell(f"{question} [y/N]")
    return sys.stdin.readline().strip().lower() in ("y", "yes")
