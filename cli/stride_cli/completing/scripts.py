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


# Zsh is told apart what ends in `=` or `/`, so that it puts no blank behind that. It reads what
# fish does: lines of a word and, behind a tab, its help.
ZSH = r"""#compdef stride
_stride_completion() {
    local line entry found=1
    local -a open whole
    for line in "${(@f)$(env _STRIDE_COMPLETE=complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args \
        _TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" stride 2>/dev/null)}"; do
        entry="${${line//:/\\:}/$'\t'/:}"
        case "${line%%$'\t'*}" in
            '') ;;
            *[=/]) open+=("$entry") ;;
            *) whole+=("$entry") ;;
        esac
    done
    (( $#open + $#whole )) || { _files; return }
    _describe value whole && found=0
    _describe value open -S '' && found=0
    return found
}
compdef _stride_completion stride"""


def script(shell: str) -> str:
    """Return the script that a shell's start file reads.

    Raises:
        UserError: nothing is known of the shell.
    """
    from typer import completion

    from stride.errors import UserError

    if shell not in SHELLS:
        raise UserError(f"{shell!r} is no known shell", hint=f"type one of {', '.join(SHELLS)}")
    if shell != "fish":
        return BASH if shell == "bash" else ZSH
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
