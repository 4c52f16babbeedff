"""`stride agent-info`."""

from pathlib import Path

from stride_cli.output import print_text

PAGE = Path(__file__).parent / "agent-info.txt"
SCHEMAS = Path(__file__).parent / "schemas"
_END = ".schema.json"


def run(schema: str | None) -> None:
    """Print the page, or the schema of what a command prints."""
    print_text((PAGE if schema is None else _schema(schema)).read_text(encoding="utf-8"))


def _schema(command: str) -> Path:
    from stride.errors import UserError, nearest

    known = sorted(path.name.removesuffix(_END) for path in SCHEMAS.glob(f"*{_END}"))
    if command not in known:
        hint = nearest(command, known) or f"there are {', '.join(known)}"
        raise UserError(f"no schema {command!r}", where="--schema", hint=hint)
    return SCHEMAS / f"{command}{_END}"
