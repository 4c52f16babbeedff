"""What any trainer of a benchmark has: three methods, each by one of two names."""

from collections.abc import Callable
from typing import Any

from stride.errors import ComponentError

NAMES = {
    "set_data_sets": "setDataSets",
    "do_epoch": "doEpoch",
    "finalize_training": "finalizeTraining",
}
"""Each method, and the other name that it may have.

`set_data_sets(train, val)` takes two data blocks before the training, and is the place to augment;
`do_epoch(model)` trains one epoch on a network and returns it; `finalize_training(model)` returns
what the training has come to.
"""


def method(trainer: object, name: str) -> Callable[..., Any]:
    """Return a method of a trainer by either of its names.

    Raises:
        ComponentError: it has none of that name.
    """
    for one in (name, NAMES[name]):
        if callable(found := getattr(trainer, one, None)):
            return found  # type: ignore[no-any-return]
    raise ComponentError(
        f"{type(trainer).__name__} has no method {name} or {NAMES[name]}",
        where="trainer",
        hint="define set_data_sets, do_epoch and finalize_training, or give a BatchedTrainer",
    )
