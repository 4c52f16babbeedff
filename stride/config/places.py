"""Know which keys of a config name places on the disk."""

import re

_PLACE = re.compile(
    r"dataset_kwargs\.(path|root)|model_kwargs\.init_from(\.run)?|frozen\.[^.]+(\.run)?"
)


def is_place(key: str) -> bool:
    """Tell whether the text of a dotted key is a path, or a run by its path."""
    return _PLACE.fullmatch(key) is not None
