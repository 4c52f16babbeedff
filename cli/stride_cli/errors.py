"""Turn whatever a command raises into one line on stderr and an exit code."""

from collections.abc import Callable, Iterable
from typing import Any

from stride_cli.output import tell

SIGNALS = 128  # and the number of the signal that ended the run
INTERRUPTED = SIGNALS + 2  # Ctrl-C


def run_guarded(call: Callable[[], Any], *, debug: bool) -> int:
    """Call it and return the exit code; an error is reported, never raised."""
    try:
        code = call()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:
        return report(error, debug=debug)
    if isinstance(code, int) and code > SIGNALS:
        tell("stride: interrupted")
    return code if isinstance(code, int) else 0


def report(error: Exception, *, debug: bool) -> int:
    """Print one error as a person wants to read it and return its exit code."""
    import typer

    from stride.errors import StrideError

    expected = isinstance(error, StrideError | typer.TyperException)
    if debug:
        _print_traceback(error)
    elif not expected:
        _print_user_frames(error)
    tell(f"stride: error: {_sentence(error)}")
    return error.exit_code if isinstance(error, StrideError | typer.TyperException) else 1


def _sentence(error: Exception) -> str:
    """Say in one line what went wrong; an unexpected exception keeps its own message whole."""
    import typer

    from stride.errors import StrideError

    if isinstance(error, StrideError):
        return " ".join(str(error).split("\n"))
    if isinstance(error, typer.TyperException):
        return _usage(error)
    message = str(error)
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def _usage(error: Any) -> str:
    """Return typer's sentence with the nearest option, or with where help is."""
    near = list(getattr(error, "possibilities", None) or ())
    sentence = (error.message if near else error.format_message()).rstrip(".")
    sentence = (sentence[:1].lower() + sentence[1:]).replace(". Did you", "; did you")
    if near:
        return f"{sentence}; did you mean {_or(near)}?"
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "stride"
    return sentence if sentence.endswith("?") else f"{sentence}; see `{command} --help`"


def _or(words: Iterable[str]) -> str:
    return " or ".join(repr(word) for word in words)


def _print_traceback(error: Exception) -> None:
    import traceback

    tell("".join(traceback.format_exception(error)).rstrip("\n"))


def _print_user_frames(error: Exception) -> None:
    """Print the frames of the traceback that are in the user's own files."""
    import traceback

    foreign = tuple(_foreign_folders())
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(foreign)]
    if own:
        title = "Traceback in your code (--debug shows all of it):\n"
        tell(title + "".join(traceback.format_list(own)).rstrip("\n"))


def _foreign_folders() -> list[str]:
    """Return where code lies that is not the user's: STRIDE, installed packages, Python."""
    import os
    import sysconfig

    import stride

    installed = [sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")]
    own = [os.path.dirname(os.path.abspath(file)) for file in (stride.__file__, __file__)]
    launcher = os.path.join(sysconfig.get_path("scripts"), "")
    return [os.path.join(folder, "") for folder in installed + own] + [launcher, "<frozen "]
