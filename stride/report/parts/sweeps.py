"""Draw what became of the trials of sweeps: the best so far, and the value over each setting."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from stride.pages.page import escaped
from stride.report.contents import Contents
from stride.report.names import rounded
from stride.report.parts.chart import Axis, Mark, chart, choice_axis, number_axis
from stride.report.parts.trials import Trials, trial, trials_of
from stride.runs.deciding.settings import named, short_names
from stride.runs.listing.facts import Facts
from stride.tables.words import number, setting
from stride.visible import quoted

_MOST = 8  # settings that are drawn
_MOST_COUNTED = 2**53  # beyond it floats miss some whole numbers
_CHOICES = 8  # values of a setting that are no numbers, at most


def sweeps(contents: Contents) -> Iterator[str]:
    """Yield for each sweep what came out of it, its history and slices."""
    for trials in trials_of(contents):
        yield f"<h3>{escaped(trials.name)}</h3>"
        yield f"<p>{escaped(_counted(trials))}</p>"
        if trials.known:
            yield f"<p>{escaped(_best(trials))}</p>"
            yield f'<div class="charts">{"".join(_charts(trials))}</div>'
        command = f"stride sweep {quoted(trials.work_dir)} --name {quoted(trials.name)} --report"
        yield f'<p class="soft">Its own report:</p><pre tabindex="0">{escaped(command)}</pre>'


def _counted(trials: Trials) -> str:
    states = Counter(facts.row.state for facts in trials.runs).most_common()
    counts = ", ".join(f"{count} {state}" for state, count in states)
    return f"{len({*map(trial, trials.runs)})} trials in {len(trials.runs)} runs: {counts}"


def _best(trials: Trials) -> str:
    facts = trials.best
    value = number(trials.value(facts))
    return f"Best: {trials.metric} {value}, trial {trial(facts)}: {_tried(trials, facts)}"


def _tried(trials: Trials, facts: Facts) -> str:
    """Return what a run tried, as it is typed, numbers with four digits."""
    short = short_names(trials.varied, facts.config)
    values = {key: facts.config[key] for key in trials.varied if key in facts.config}
    return named(rounded(values), short)


def _charts(trials: Trials) -> Iterator[str]:
    upright = number_axis(trials.metric, [*map(trials.value, trials.known)])
    yield _history(trials, upright)
    for key in trials.varied[:_MOST]:
        yield from _slice(trials, upright, key)


def _history(trials: Trials, upright: Axis) -> str:
    """Return the value of each trial in their order, with the best so far as a line."""
    choose = min if trials.smaller else max
    so_far: list[tuple[float, float]] = []
    for facts in trials.known:
        before = [y for _, y in so_far[-1:]]
        so_far.append((trial(facts), choose([*before, trials.value(facts)])))
    so_far.append((trial(trials.runs[-1]), so_far[-1][1]))
    along = number_axis("trial", [*map(trial, trials.runs)])
    marks = _marks(trials, trials.runs, trial)
    words = f"{trials.metric} of each trial; the best in the end is {number(so_far[-1][1])}"
    return chart(along, upright, marks, words, so_far)


def _slice(trials: Trials, upright: Axis, key: str) -> Iterator[str]:
    """Yield the value over one setting; nothing where it has too many values without an order."""
    having = [facts for facts in trials.known if key in facts.config]
    values = [facts.config[key] for facts in having]
    (name,) = short_names([key], trials.best.config).values()
    words = f"{trials.metric} over {key}"
    if all(map(_is_number, values)):
        axis = number_axis(name, values)
        marks = _marks(trials, having, lambda facts: facts.config[key])
        yield chart(axis, upright, marks, words)
    elif len({*map(setting, values)}) <= _CHOICES:
        axis, places = choice_axis(name, values)
        marks = _marks(trials, having, lambda facts: places[setting(facts.config[key])])
        yield chart(axis, upright, marks, words)


def _is_number(value: Any) -> bool:
    if type(value) is int:
        return abs(value) < _MOST_COUNTED
    return type(value) is float and math.isfinite(value)


def _marks(trials: Trials, runs: Sequence[Facts], place: Callable[[Facts], float]) -> list[Mark]:
    """Return a point for each run, the best last: it is drawn over the others."""
    marks = [Mark(place(one), trials.value(one), *_told(trials, one)) for one in runs]
    return sorted(marks, key=lambda mark: mark.kind == "best")


def _told(trials: Trials, facts: Facts) -> tuple[str, str]:
    """Return the words of a point, and of which kind it is."""
    row, value = facts.row, trials.value(facts)
    if math.isnan(value):
        return f"trial {trial(facts)}: {row.state} {row.reason}", "missing"
    title = f"trial {trial(facts)}: {number(value)}; {_tried(trials, facts)}"
    return title, "best" if facts is trials.best else "value"
