"""`stride better`."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stride.tables.words import number, setting
from stride_cli.address import select
from stride_cli.deciding.asked import SEED, keys_of, metrics_of, mode_asked
from stride_cli.listed import listed
from stride_cli.output import print_json, say, tell

if TYPE_CHECKING:
    from stride.runs.deciding.decision import Decision, Side
    from stride.runs.listing.facts import Facts
    from stride.runs.listing.selection import Selection

    Named = tuple[str, Sequence[Facts]]
    Opened = tuple[Selection, Named, Named]


@dataclass(frozen=True)
class Question:
    """What is asked of two configurations, as it was typed.

    Attributes:
        metric: by which one is better; None: the monitored one.
        over: keys in which repetitions differ; None: the seed.
        mode: which way is better; None where that is known.
    """

    metric: str | None = None
    over: str | None = None
    mode: str | None = None

    def decide(self, opened: "Opened") -> "Decision":
        """Return the answer.

        Args:
            opened: all runs, and the two sides with what each is called.

        Raises:
            UserError: that cannot be asked of them.
        """
        from stride.errors import UserError
        from stride.runs.deciding.decision import decide

        way = mode_asked(self.mode)
        selection, one, other = opened
        names = [] if self.metric is None else [self.metric]
        metrics = metrics_of(selection, [*one[1], *other[1]], names)
        if len(metrics) > 1:
            what = f"there are several metrics: {', '.join(field.title for field in metrics)}"
            raise UserError(what, hint=f"type: --metric {metrics[0].title}")
        return decide(one, other, metrics[0], mode=way, over=keys_of(selection, self.over))


def run(words: Sequence[str], question: Question, *, json: bool) -> None:
    """Tell whether one configuration is better than another."""
    with open_sides(words) as opened:
        print_decision(question.decide(opened), json=json)


def print_decision(
    found: "Decision",
    *,
    trained: Sequence[Mapping[str, Any]] = (),
    more: Sequence[tuple[str, str]] = (),
    json: bool,
) -> None:
    """Print the answer, and what it leaves out.

    Args:
        found: the answer.
        trained: the runs that were trained for it, as a program is told.
        more: facts about them, for a person.
        json: whether a program asks.
    """
    if json:
        from stride.runs.deciding import plain

        print_json(plain.decision(found) | {"trained": [*trained]})
        return
    say("\n".join(_told(found, more)))
    if left_out := [*_left_out(found.one), *_left_out(found.other)]:
        tell(listed(left_out, "\n"))


@contextmanager
def open_sides(words: Sequence[str]) -> "Iterator[Opened]":
    """Open all runs, and the two sides with what each is called.

    Raises:
        UserError: these are neither a work_dir and two queries, nor two work_dirs; or one of the
            two has no run.
    """
    from stride.errors import UserError

    if len(words) not in (2, 3):
        what = "two things are compared: two queries of a work_dir, or two work_dirs"
        hint = "type: stride better W 'lr == 1e-3' 'lr == 1e-2', or: stride better W1 W2"
        raise UserError(what, hint=hint)
    with ExitStack() as stack:
        if len(words) == 2:
            selection, sides = _of_work_dirs(stack, words)
        else:
            selection = stack.enter_context(select(words[:1]))
            sides = [_where(selection, query) for query in words[1:]]
        for name, runs in zip(words[-2:], sides, strict=True):
            if not runs:
                raise UserError(f"no run of {name}", hint="type: stride ls W --where QUERY")
        yield selection, (words[-2], sides[0]), (words[-1], sides[1])


def _of_work_dirs(stack: ExitStack, words: Sequence[str]) -> "tuple[Selection, list[list[Facts]]]":
    from stride.runs.listing.selection import Selection

    found = [stack.enter_context(select([place])) for place in words]
    whole = Selection(run for one in found for run in one.runs)
    return whole, [list(one.facts()) for one in found]


def _where(selection: "Selection", query: str) -> "list[Facts]":
    """Return the runs for which a query holds; the selection stays whole."""
    whole = selection.runs
    if whole:
        selection.where(query)
    found, selection.runs = list(selection.facts()), whole
    return found


def _told(found: "Decision", more: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield the answer, and what it is built on."""
    one, other = found.one.name, found.other.name
    relation = {
        "yes": f"{one} is better than {other}",
        "no": f"{other} is better than {one}",
        "not yet": f"{one} and {other} cannot be told apart",
    }[found.answer]
    way = "larger" if found.mode == "max" else "smaller"
    yield f"{found.answer}: {relation} by {found.metric.title} ({way} is better)"
    facts = [*_facts(found), *more]
    width = max(len(label) for label, _ in facts)
    for label, text in facts:
        yield f"  {label:<{width}}  {text}"


def _facts(found: "Decision") -> Iterator[tuple[str, str]]:
    paired = found.paired
    for side in (found.one, found.other):
        row = side.measured
        yield side.name, f"mean {number(row.mean)} of {len(row.values)}"
    if changed := [*_settings(found.settings)]:
        yield "settings", ", ".join(changed)
    yield "difference", _difference(found)
    if paired.effect is not None:
        yield "effect", f"{paired.effect:.2f} deviations of the differences"
    if found.answer == "not yet":
        yield "further", _further(found)


def _difference(found: "Decision") -> str:
    paired = found.paired
    if not paired.n:
        return "none: they have nothing in common"
    over = listed([*map(found.one.study.label, found.pairs)])
    if paired.interval is None:
        return f"{paired.mean:+.4g}, over {over}"
    low, high = paired.interval
    return f"{paired.mean:+.4g}, 95 % [{low:+.4g}, {high:+.4g}], over {over}"


def _settings(settings: dict[str, tuple[Any, Any]]) -> Iterator[str]:
    for key, (one, other) in settings.items():
        yield f"{key} {setting(one)} against {setting(other)}"


def _further(found: "Decision") -> str:
    """Say how many more repetitions would show a difference of this size."""
    from stride.stats.paired import MOST, POWER

    if found.paired.n < 2:
        return "at least two that both have" + _by_run(found, 2)
    more = found.paired.further()
    if more is None:
        return f"more than {MOST} of each would not show a difference of this size"
    shows = f"{more} more of each would show one of this size in {POWER:.0%} of cases"
    return shows + _by_run(found, found.paired.n + more)


def _by_run(found: "Decision", pairs: int) -> str:
    """Return what has so many pairs trained, where repetitions are seeds."""
    return f"; type: --run --seeds {pairs}" if found.one.study.over == (SEED,) else ""


def _left_out(side: "Side") -> Iterator[str]:
    study, row = side.study, side.measured
    for repeat, left in row.left_out.items():
        place = f"{study.label(repeat)}, {left.facts.row.path}"
        yield f"{side.name}: {place} does not count: {left.why}"
    if row.missing:
        yield f"{side.name}: not among these runs: {listed([*map(study.label, row.missing)])}"
    for left in (*row.configuration.again, *study.left_out):
        yield f"{side.name}: {left.facts.row.path} does not count: {left.why}"
