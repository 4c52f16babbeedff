"""Choose what shows a training by its mode, and by what stderr is."""

import sys
from typing import Any, TextIO

from stride.errors import ConfigError, nearest
from stride.loggers.display.ability import ability_of
from stride.loggers.display.base import Display, NoDisplay
from stride.loggers.display.live import LiveDisplay
from stride.loggers.display.plain import PlainDisplay
from stride.loggers.screen import Screen

MODES = ("auto", "rich", "minimal", "off")


def open_display(mode: str, stream: TextIO | None = None) -> Display:
    """Build the display of that mode.

    `auto` is the output of a cell in a notebook, rich on a terminal and minimal elsewhere.

    Raises:
        ConfigError: there is no such mode.
    """
    if mode not in MODES:
        key = "logging_config.terminal_display"
        hint = nearest(mode, MODES) or f"one of {', '.join(MODES)}"
        raise ConfigError(f"there is no display {mode!r}", key=key, hint=hint)
    stream = stream or sys.stderr
    if mode == "off" or stream is None:  # a program without a console has no stderr
        return NoDisplay()
    if mode == "auto" and (shell := _kernel_shell()) is not None:
        from stride.loggers.display.notebook import KernelOutput, NotebookDisplay

        return NotebookDisplay(KernelOutput(shell))
    if mode == "auto":
        mode = "rich" if ability_of(Screen(stream)).redraws else "minimal"
    return LiveDisplay(stream) if mode == "rich" else PlainDisplay(stream)


def _kernel_shell() -> Any | None:
    """Return the shell of the kernel that this process is, None where it is none.

    IPython is not imported: where a kernel runs, it was.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell if getattr(shell, "kernel", None) is not None else None
