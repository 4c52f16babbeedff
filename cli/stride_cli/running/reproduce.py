"""`stride reproduce`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from stride.tables.words import numbers_apart
from stride_cli.address import find_together
from stride_cli.output import print_json, say, tell
from stride_cli.running.start import ending_with_folder

if TYPE_CHECKING:
    from stride.runs.records.reproduction import ReproductionRecord

DIVERGED = 3


def run(
    text: str, steps: int | None, data_root: str | None, *, code: bool, trust: bool, json: bool
) -> None:
    """Do a run again, print how the two compare, and leave with 3 where they do not agree."""
    folder = find_together(text)

    from stride.trainer import commands

    if code:
        done = commands.reproduce_with_code(folder, steps, data_root, trust=trust, json=json)
        raise typer.Exit(done)
    with ending_with_folder() as ended:
        verdict = commands.reproduce(folder, steps, data_root, trust=trust, left=_tell_left)
        if verdict.told_here:
            if json:
                print_json(verdict.record.to_json())
            else:
                say("\n".join(sentences(verdict.record)))
            ended(verdict.folder)
    if not verdict.record.identical:
        raise typer.Exit(DIVERGED)


def _tell_left(folder: Path) -> None:
    """Say what an interrupted reproduction leaves, which no comparison will ever speak of."""
    left = f"{folder} is left unfinished and not compared"
    tell(f"{left}; to start over, type the same command again")


def sentences(record: "ReproductionRecord") -> Iterator[str]:
    """Say how a reproduction compares with its original."""
    if record.identical:
        weights = "" if record.weights == "not compared" else f", weights {record.weights}"
        over = (
            "" if record.steps else "; nothing was trained, and all that was measured is the same"
        )
        yield f"bit-identical over {_steps(record.steps)}{weights}{over}"
        return
    largest, blind = record.largest_difference, _is_blind(record)
    if blind and largest is None and record.weights != "different":
        yield f"could not be compared: the run has no fingerprints; weights {record.weights}"
        return
    yield f"diverged: {_place(record)}, weights {record.weights}"
    if largest is not None:
        one, other = numbers_apart(*largest.values)
        where = f"step {largest.step}, epoch {largest.epoch}"
        yield (
            f"largest difference of a metric: {largest.metric} at {where}: "
            f"{one} there, {other} here"
        )
    for cause in record.causes[:-1] if blind else record.causes:  # the last one is said above
        yield f"likely cause: {cause}"


def _is_blind(record: "ReproductionRecord") -> bool:
    """Tell whether the original has no bits of its steps, so that none can be missed or differ."""
    return record.steps == 0 and record.first_divergent_step is None


def _place(record: "ReproductionRecord") -> str:
    if _is_blind(record):
        return "the run has no fingerprints"
    step = record.first_divergent_step
    place = "no step differs" if step is None else f"the first step that differs is {step}"
    return f"{place}; {_steps(record.steps)} compared"


def _steps(number: int) -> str:
    return f"{number} step{'' if number == 1 else 's'}"
