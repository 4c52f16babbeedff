"""Tell `key=value` words from the places that stand among them."""

import re
from collections.abc import Sequence

_SETTING = re.compile(r"\s*[A-Za-z_][\w.-]*\s*=")


def is_setting(word: str) -> bool:
    """Tell whether a word sets a key; a folder with `=` in its name is typed as ./a=b."""
    return _SETTING.match(word) is not None


def settings(
    words: Sequence[str] | None, config: Sequence[str] | None, work_dir: str | None = None
) -> list[str]:
    """Return all that was typed as overrides; the words are stronger than `--config`.

    Args:
        words: `key=value` arguments.
        config: what stands behind `--config`.
        work_dir: short for `work_dir=W`.
    """
    place = [] if work_dir is None else [f"work_dir={work_dir}"]
    return [*(config or []), *(words or []), *place]


def place_and_settings(
    words: Sequence[str] | None, config: Sequence[str] | None
) -> tuple[str | None, list[str]]:
    """Return the one place among words, None without one, and all overrides.

    Raises:
        UserError: there are two places.
    """
    places = [word for word in words or [] if not is_setting(word)]
    if len(places) > 1:
        from stride.errors import UserError  # not for every command that is told its help

        raise UserError(f"{places[1]!r} is one place too many", hint="type key=value to set a key")
    typed = settings([word for word in words or [] if is_setting(word)], config)
    return (places[0] if places else None), typed
