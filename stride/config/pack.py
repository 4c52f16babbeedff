"""What a person says about packs: which runs of a sweep are trained as one stack."""

from typing import Literal

from stride.errors import UserError, nearest

Pack = Literal["auto", "off"] | int
"""Where it is measured to be faster; none; or wherever it can be done, so many at most."""


def read_pack(text: str) -> Pack:
    """Return what a person types after `--pack`.

    Raises:
        UserError: it is none of `auto`, `off` and a number.
    """
    if text == "auto":
        return "auto"
    if text == "off":
        return "off"
    if text.isdecimal() and int(text) > 0:
        return int(text)
    hint = nearest(text, ["auto", "off"]) or "type auto, off, or how many runs at most, as 32"
    raise UserError(f"{text!r} is no way to pack", where="--pack", hint=hint)
