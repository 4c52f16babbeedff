"""Ask Optuna which keys of a search made the difference."""

import math
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from optuna import Study
from optuna.trial import FrozenTrial

LEAST = 10
"""Complete trials with finite values, below which importances say nothing."""

ENOUGH = 41
"""As many have 5 in their best tenth, which Optuna advises for its default evaluator."""


class Importances(NamedTuple):
    """Hold the share that each key has in how good a trial was.

    Attributes:
        shares: by dotted key, the largest first; they add up to 1. Empty where there are none.
        trials: complete ones with finite values, which they are of.
        why: there are none, or they are rough; else nothing.
    """

    shares: Mapping[str, float]
    trials: int
    why: str = ""


def importances(study: Study, complete: Sequence[FrozenTrial]) -> Importances:
    """Return the importances of all keys that were varied, by Optuna's default evaluator.

    It compares the best tenth of the trials with all of them; it needs no package beside Optuna.

    Args:
        study: of the trials.
        complete: its complete trials.

    Source: Watanabe et al., PED-ANOVA, IJCAI 2023 (arXiv 2304.10255).
    """
    values = [value for one in complete if math.isfinite(value := one.values[0])]
    varied = {
        key for one in complete for key, kind in one.distributions.items() if not kind.single()
    }
    if why := _why_not(values, len(varied)):
        return Importances({}, len(values), why)
    with warnings.catch_warnings(), _without_forests():
        warnings.simplefilter("ignore")  # of regimes of few trials
        from optuna.importance import get_param_importances

        shares = get_param_importances(study)
    shares = {key: share for key, share in shares.items() if key in varied}
    rough = f"rough: of {len(values)} trials, and {ENOUGH} are advised"
    return Importances(shares, len(values), rough if len(values) < ENOUGH else "")


def _why_not(values: list[float], varied: int) -> str:
    if not varied:
        return "nothing was varied"
    if len(values) < LEAST:
        return f"{len(values)} complete trials have a finite value, and {LEAST} are needed"
    return "all trials have the same value" if len({*values}) == 1 else ""


@contextmanager
def _without_forests() -> Iterator[None]:
    """Let Optuna's importances be imported without scikit-learn, if nobody has imported either.

    The two evaluators that need it are not asked for here, and its import takes a second and a
    half. What was imported so is forgotten, for whoever asks for those two later.
    """
    if not {"sklearn", "optuna.importance"}.isdisjoint(sys.modules):
        yield
        return
    import optuna

    before = optuna.importance
    sys.modules["sklearn"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name.startswith("optuna.importance")]:
            del sys.modules[name]
        del sys.modules["sklearn"]
        optuna.importance = before
