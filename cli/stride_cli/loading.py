"""Say on a terminal that PyTorch is being loaded, which takes seconds, until more is said."""

import sys
from collections.abc import Sequence

from stride.loggers.display.ability import ability_of
from stride.loggers.screen import Screen

LOADS_TORCH = frozenset(
    {
        "check",
        "evaluate",
        "fork",
        "label",
        "launch",
        "lr-find",
        "predict",
        "reproduce",
        "resume",
        "sweep",
        "train",
    }
)
_OPTIONS = frozenset({"--config", "--config-file", "--dry-run", "--force"})  # start a run
_MODELS = "--models"  # that a benchmark is to train
_HELP = frozenset({"-h", "--help"})
_ERASE = "\r\x1b[2K"


def tell_loading(words: Sequence[str]) -> None:
    """Tell it before anything else is imported, where the command that was typed loads PyTorch.

    The line is gone as soon as something else is written to stdout or stderr.
    """
    stdout, stderr = sys.stdout, sys.stderr
    if not (_loads(words) and isinstance(stdout, Screen) and isinstance(stderr, Screen)):
        return
    if not (ability_of(stderr).redraws and _is_first()):
        return
    stderr.write("loading PyTorch ...\r")
    stderr.flush()
    left = [_ERASE]

    def erase() -> None:
        if left:
            stderr.write(left.pop())
            stderr.flush()

    stdout.before_next_write(erase)
    stderr.before_next_write(erase)


def _loads(words: Sequence[str]) -> bool:
    if _HELP & set(words):
        return False
    first = next((word.partition("=")[0] for word in words if word != "--debug"), "")
    return first in LOADS_TORCH | _OPTIONS or _MODELS in words


def _is_first() -> bool:
    """Tell whether this is the first of its processes, which alone tells anything."""
    from stride.distributed import is_main

    return is_main()
