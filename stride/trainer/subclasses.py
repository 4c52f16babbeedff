"""Say what a user's subclass of a class of STRIDE's has set: no part of the state restores it."""

from collections.abc import Collection
from types import SimpleNamespace
from typing import Any


def attributes_of_subclass(
    name: str, instance: object, *, known: Collection[str] = ()
) -> dict[str, Any]:
    """Return what a user's subclass has set, as one object to look at, and the class.

    Args:
        name: of what it is, for the names of the two.
        instance: of a class that inherits from one of STRIDE's.
        known: attributes that are STRIDE's.

    Returns:
        Both by name; nothing for a class of STRIDE's own.
    """
    own = type(instance)
    bases = [one for one in own.__mro__ if one.__module__.startswith("stride.")]
    if own in bases:
        return {}
    hidden = "_" if len(bases) > 1 else "__"  # a kind of training has attributes of its own
    shown = {
        key: value
        for key, value in vars(instance).items()
        if key not in known and not key.startswith(hidden)
    }
    return {name: SimpleNamespace(**shown), f"class of the {name}": own}
