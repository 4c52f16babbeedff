"""What a person says about packs: which runs of a sweep are trained as one stack."""

from typing import Any, Literal

from stride.errors import UserError, nearest

Pack = Literal["auto", "off"] | int
"""Where it is measured to be faster; none; or wherever it can be done, so many at most."""


def read_pack(text: str) -> Pack:
    """Return what a person types after `--pack`.

    Raises:
        UserError: it is none of `auto`, `off` and a number.
    """
    return require_pack(int(text) if text.isdecimal() else text, where="--pack")


def require_pack(value: Any, where: str = "pack") -> Pack:
    """Return a way to pack.

    Raises:
        UserError: it is none of `auto`, `off` and a number.
    """
    if value == "auto":
        return "auto"
    if value == "off":
        return "off"
    if type(value) is int and value > 0:
        return value
    near = nearest(str(value), ["auto", "off"])
    hint = near or "type auto, off, or how many runs at most, as 32"
    raise UserError(f"{value!r} is no way to pack", where=where, hint=hint)
