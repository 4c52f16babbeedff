"""Name what differs between two trainings that ended at the same step."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from stride.engine.checkpoint.checkpoint import read_state
from stride.engine.checkpoint.fidelity import UNCOMPARED, same
from stride.runs.layout import RunPaths
from stride.runs.reproduction.compare import compare_runs, measures_time

State = Mapping[str, Any]


class Difference(NamedTuple):
    """What differs, and since when.

    Attributes:
        places: a part of the state each and the first place in it, in the order of the state, then
            what the runs have recorded otherwise.
        step: the first step whose bits differ, None where those of all recorded ones are equal.
    """

    places: list[str]
    step: int | None


def final_state(paths: RunPaths) -> dict[str, Any]:
    """Return the state in a run's newest checkpoint.

    Raises:
        RunError: there is none, or it is damaged.
    """
    return read_state(paths.checkpoint(paths.checkpoint_names()[-1]).path)


def difference(whole: RunPaths, other: RunPaths, optimized: Sequence[str]) -> Difference:
    """Compare the newest checkpoints of two runs, the bits of their steps, and their metrics.

    Args:
        whole: the run that was never stopped.
        other: the one to compare with it.
        optimized: the names of the optimiser's parameters, in its order.

    Raises:
        RunError: one of them has no good checkpoint.
    """
    places = list(state_difference(final_state(whole), final_state(other), optimized))
    record = compare_runs(whole, other)
    if (metric := record.largest_difference) is not None:
        places.append(f"metrics / {metric.metric} at step {metric.step}")
    if record.first_divergent_step is not None and not places:
        places.append("the loss or the gradients' norm")
    return Difference(places, record.first_divergent_step)


def first_divergent_step(whole: RunPaths, other: RunPaths, until: int) -> int | None:
    """Return the first step up to `until` whose bits differ, None where all are equal."""
    return compare_runs(whole, other, steps=until).first_divergent_step


def state_difference(whole: State, other: State, optimized: Sequence[str]) -> Iterator[str]:
    """Yield each part of two states that differs, with the first place where it does."""
    for name in [*whole, *(name for name in other if name not in whole)]:
        if name in UNCOMPARED:
            continue
        if name not in whole or name not in other:
            yield name
        elif (place := first_place(whole[name], other[name])) is not None:
            yield " / ".join(word for word in (name, _words(name, place, optimized)) if word)


def first_place(one: Any, other: Any) -> tuple[Any, ...] | None:
    """Return the keys that lead to where two nested values first differ, None for nowhere.

    Numbers that measure time, as their name says, never differ.
    """
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        keys = [*one, *(key for key in other if key not in one)]
        return next(_inside(one, other, [key for key in keys if not _is_time(key, one)]), None)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        whole, theirs = dict(enumerate(one)), dict(enumerate(other))
        return next(_inside(whole, theirs, range(max(len(one), len(other)))), None)
    return None if same(one, other) else ()


def _inside(
    one: Mapping[Any, Any], other: Mapping[Any, Any], keys: Iterable[Any]
) -> Iterator[tuple[Any, ...]]:
    for key in keys:
        if key not in one or key not in other:
            yield (key,)
        elif (place := first_place(one[key], other[key])) is not None:
            yield (key, *place)


def _is_time(key: Any, values: State) -> bool:
    return isinstance(values.get(key), int | float) and measures_time(str(key))


def _words(part: str, place: tuple[Any, ...], optimized: Sequence[str]) -> str:
    """Return a place as a person would name it: an optimiser's numbers are parameters."""
    if part == "optimizer" and place[:1] == ("state",) and len(place) > 1:
        _, number, *rest = place
        known = isinstance(number, int) and number < len(optimized)
        parameter = optimized[number] if known else str(number)
        return f"{'/'.join(map(str, rest))} of {parameter}" if rest else f"state of {parameter}"
    return "/".join(map(str, place))


def compared_parts(state: State) -> list[str]:
    """Return the names of the parts that are compared."""
    return [name for name in state if name not in UNCOMPARED]
