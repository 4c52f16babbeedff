"""Turn whatever a command raises into one line on stderr and an exit code."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from stride_cli.output import tell

if TYPE_CHECKING:
    from traceback import FrameSummary

SIGNALS = 128  # and the number of the signal that ended the run
INTERRUPTED = SIGNALS + 2  # Ctrl-C


def asks_for_json(words: Sequence[str]) -> bool:
    """Tell whether a program types: known even where the other words make no sense."""
    return "--json" in words[: words.index("--") if "--" in words else None]


def run_guarded(call: Callable[[], Any], *, debug: bool, json: bool = False) -> int:
    """Call it and return the exit code; an error is reported, never raised.

    Args:
        call: the command.
        debug: whether whole tracebacks are shown.
        json: whether errors are told to a program.
    """
    try:
        code = call()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:
        return report(error, debug=debug, json=json)
    if isinstance(code, int) and code > SIGNALS:
        if json:
            tell_json("interrupted", f"interrupted by signal {code - SIGNALS}")
        else:
            tell("stride: interrupted")
    return code if isinstance(code, int) else 0


def report(error: Exception, *, debug: bool, json: bool = False) -> int:
    """Print one error as a person, or a program, wants to read it and return its exit code."""
    import typer

    from stride.errors import StrideError

    expected = isinstance(error, StrideError | typer.TyperException)
    if debug:
        _print_traceback(error)
    elif not expected and not json:
        _print_user_frames(error)
    if json:
        _report_json(error)
    else:
        tell(f"stride: error: {_sentence(error)}")
    return error.exit_code if isinstance(error, StrideError | typer.TyperException) else 1


def tell_json(code: str, message: str, where: str = "", hint: str = "") -> None:
    """Print one error to stderr as the JSON that every command prints, in one line."""
    import json

    error = {"code": code, "message": message, "where": where, "hint": hint}
    tell(json.dumps({"error": error}))


def _report_json(error: Exception) -> None:
    import typer

    from stride.errors import StrideError

    if isinstance(error, StrideError):
        tell_json(error.code, error.what, str(error.where), error.hint)
    elif isinstance(error, typer.TyperException):
        message, hint = _usage(error)
        tell_json("usage", message, getattr(getattr(error, "ctx", None), "command_path", ""), hint)
    else:
        frame = next(reversed(_user_frames(error)), None)
        where = "" if frame is None else f"{frame.filename}, line {frame.lineno}"
        tell_json("unexpected", _sentence(error), where, "--debug shows the traceback")


def _sentence(error: Exception) -> str:
    """Say in one line what went wrong; an unexpected exception keeps its own message whole."""
    import typer

    from stride.errors import StrideError

    if isinstance(error, StrideError):
        return " ".join(str(error).split("\n"))
    if isinstance(error, typer.TyperException):
        return "; ".join(filter(None, _usage(error)))
    message = str(error)
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def _usage(error: Any) -> tuple[str, str]:
    """Return typer's sentence, and as a hint the nearest option or where help is."""
    near = list(getattr(error, "possibilities", None) or ())
    sentence = (error.message if near else error.format_message()).rstrip(".")
    sentence, _, meant = (sentence[:1].lower() + sentence[1:]).partition(". Did you")
    if near:
        return sentence, f"did you mean {_or(near)}?"
    if meant:
        return sentence, f"did you{meant}"
    context = getattr(error, "ctx", None)
    return sentence, f"see `{context.command_path if context else 'stride'} --help`"


def _or(words: Iterable[str]) -> str:
    return " or ".join(repr(word) for word in words)


def _print_traceback(error: Exception) -> None:
    import traceback

    tell("".join(traceback.format_exception(error)).rstrip("\n"))


def _print_user_frames(error: Exception) -> None:
    """Print the frames of the traceback that are in the user's own files."""
    import traceback

    if own := _user_frames(error):
        title = "Traceback in your code (--debug shows all of it):\n"
        tell(title + "".join(traceback.format_list(own)).rstrip("\n"))


def _user_frames(error: Exception) -> "list[FrameSummary]":
    """Return the frames of the traceback that are in the user's own files."""
    import traceback

    foreign = tuple(_foreign_folders())
    frames = traceback.extract_tb(error.__traceback__)
    return [frame for frame in frames if not frame.filename.startswith(foreign)]


def _foreign_folders() -> list[str]:
    """Return where code lies that is not the user's: STRIDE, installed packages, Python."""
    import os
    import sysconfig

    import stride

    installed = [sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")]
    own = [os.path.dirname(os.path.abspath(file)) for file in (stride.__file__, __file__)]
    launcher = os.path.join(sysconfig.get_path("scripts"), "")
    return [os.path.join(folder, "") for folder in installed + own] + [launcher, "<frozen "]
