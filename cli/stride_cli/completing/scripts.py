"""What a shell has to read to complete the words of stride."""

from typing import Any

VARIABLE = "_STRIDE_COMPLETE"
SHELLS = ("bash", "zsh", "fish")

# Bash takes `lr=3` and `W:3` for several words; what it is given back must be the end of the last.
BASH = """\
_stride_completion() {
    local line="${COMP_LINE:0:$COMP_POINT}" last
    local -a words
    read -ra words <<< "$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    last="${words[${#words[@]} - 1]}"
    local IFS=$'\\n'
    COMPREPLY=( $(env COMP_WORDS="$line" COMP_CWORD=$(( ${#words[@]} - 1 )) \\
        _STRIDE_COMPLETE=complete_bash "$1" 2>/dev/null) )
    [[ ${#COMPREPLY[@]} -gt 0 && ${COMPREPLY[0]} == *[=/] ]] && compopt -o nospace
    COMPREPLY=( "${COMPREPLY[@]#"${last%"${last##*[=:]}"}"}" )
}
complete -o default -F _stride_completion stride"""


def script(shell: str) -> str:
    """Return the script that a shell's start file reads.

    Raises:
        UserError: nothing is known of the shell.
    """
    from typer import completion

    from stride.errors import UserError

    if shell not in SHELLS:
        raise UserError(f"{shell!r} is no known shell", hint=f"type one of {', '.join(SHELLS)}")
    if shell == "bash":
        return BASH
    made: str = vars(completion)["get_completion_script"](
        prog_name="stride", complete_var=VARIABLE, shell=shell
    )
    return made


def prepare() -> None:
    """Let Typer answer a shell, without what it would load for that.

    It takes rich only to take markup out of help, and pydantic to convert values of options: while
    a line is completed, all of them stay as they were typed.
    """
    import sys

    from typer.completion import get_completion_inspect_parameters
    from typer.core import TyperArgument, TyperOption

    sys.modules["rich"] = None  # type: ignore[assignment]
    for kind in (TyperArgument, TyperOption):
        setattr(kind, "process_value", _as_typed)  # noqa: B010
    get_completion_inspect_parameters()


def _as_typed(_parameter: Any, _context: Any, value: Any) -> Any:
    return value
