"""Say which runs are missing where two configurations are compared seed by seed."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain, count, islice
from typing import NamedTuple

from stride.errors import RunError
from stride.runs.deciding.configurations import DONE, group
from stride.runs.deciding.decision import Decision, Side
from stride.runs.deciding.settings import SEED
from stride.runs.layout import RunPaths
from stride.runs.listing.facts import Facts
from stride.runs.provenance.imported import refuse_imported
from stride.runs.status import RESUMABLE, next_command
from stride.visible import quoted


class MissingRun(NamedTuple):
    """Hold a run that has to be trained for a configuration to have a seed.

    Attributes:
        side: the configuration.
        seed: of the run.
        begun: the run of that seed, where one was begun and not ended; else that whose config is
            to be trained with the seed.
        resumes: whether it is the first of these.
    """

    side: Side
    seed: int
    begun: Facts
    resumes: bool

    @property
    def label(self) -> str:
        """Return how a person calls it: `seed 3 of lr == 1e-3`."""
        return f"{self.side.study.label((self.seed,))} of {self.side.name}"


def missing_runs(found: Decision, pairs: int | None = None) -> list[MissingRun]:
    """Return the runs that both configurations lack to have the same seeds, seed by seed.

    A run that failed or was interrupted or stopped is to be resumed.

    Args:
        found: what there is, over seeds alone.
        pairs: how many seeds both are to have: those that most runs are done of, then the next
            numbers from the smallest on. None: all that one of the two has.

    Raises:
        RunError: a run with one of these seeds is still to be trained elsewhere, or a
            configuration is one of forks, which begin with a state that a seed does not give, or
            one of runs that another tool recorded.
    """
    sides = (found.one, found.other)
    _require_seeds(sides)
    return [
        _missing(side, seed)
        for seed in sorted(_seeds(sides, pairs))
        for side in sides
        if seed not in _done(side)
    ]


def _require_seeds(sides: Sequence[Side]) -> None:
    """Refuse runs of other tools that have none: they make no pairs."""
    for side in sides:
        for (seed,), facts in side.measured.configuration.runs.items():
            if seed is None:
                refuse_imported(RunPaths(facts.row.path))


def _seeds(sides: Sequence[Side], pairs: int | None) -> Iterable[int]:
    begun = {seed for side in sides for (seed,) in side.measured.configuration.runs}
    if pairs is None:
        return begun
    done = Counter(seed for side in sides for seed in _done(side))
    known = sorted(begun, key=lambda seed: (-done[seed], seed))
    others = (seed for seed in count(min(begun)) if seed not in begun)
    return islice(chain(known, others), pairs)


def _done(side: Side) -> list[int]:
    runs = side.measured.configuration.runs
    return [seed for (seed,), facts in runs.items() if facts.row.state == DONE]


def _missing(side: Side, seed: int) -> MissingRun:
    runs = side.measured.configuration.runs
    if (left := runs.get((seed,))) is not None:
        refuse_imported(RunPaths(left.row.path))
        _require_ended(side, seed, left)
        return MissingRun(side, seed, left, resumes=True)
    known = max(runs.values(), key=lambda facts: (facts.row.state == DONE, facts.row.created))
    refuse_imported(RunPaths(known.row.path))
    _require_no_fork(known)
    return MissingRun(side, seed, known, resumes=False)


def _require_ended(side: Side, seed: int, facts: Facts) -> None:
    path, state = facts.row.path, facts.row.state
    if state not in RESUMABLE:
        command = next_command(state, str(path))
        raise RunError(
            f"{side.study.label((seed,))} of {side.name} is {state}",
            where=str(path),
            hint=f"type: {command}" if command else "wait for its end",
        )


def _require_no_fork(facts: Facts) -> None:
    parent = facts.parent
    if parent is not None and parent["relation"] == "fork":
        run, at = str(parent["run"]), str(parent["checkpoint"])
        raise RunError(
            "a fork begins with the state of a checkpoint, and a new run would not",
            where=str(facts.row.path),
            hint="type the fork again with another seed: "
            f"stride fork {quoted(run)} --at {quoted(at)} ... seed=N",
        )


def alike_with(some: Iterable[Facts], runs: Iterable[Facts]) -> list[Facts]:
    """Return of all runs those that are of a configuration of some of them, over seeds.

    Args:
        some: known again by their uuid.
        runs: all, these among them.
    """
    uuids = {facts.row.uuid for facts in some}
    found: list[Facts] = []
    for one in group(runs, (SEED,)).configurations:
        members = [*one.runs.values(), *(left.facts for left in one.again)]
        found += members if uuids & {facts.row.uuid for facts in members} else []
    return found
