"""`stride reproduce`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from stride_cli.address import find_together
from stride_cli.output import print_json
from stride_cli.start import ending_with_folder
from stride_cli.words import number

if TYPE_CHECKING:
    from stride.runs.records import ReproductionRecord

DIVERGED = 3


def run(text: str, steps: int | None, data_root: str | None, *, code: bool, json: bool) -> None:
    """Do a run again, print how the two compare, and leave with 3 where they do not agree."""
    folder = find_together(text)

    from stride.trainer import start

    if code:
        raise typer.Exit(start.reproduce_with_code(folder, steps, data_root, json=json))
    with ending_with_folder() as ended:
        verdict = start.reproduce(folder, steps, data_root)
        if verdict.told_here:
            if json:
                print_json(verdict.record.to_json())
            else:
                print("\n".join(sentences(verdict.record)))
            ended(verdict.folder)
    if not verdict.record.identical:
        raise typer.Exit(DIVERGED)


def sentences(record: "ReproductionRecord") -> Iterator[str]:
    """Say how a reproduction compares with its original."""
    if record.identical:
        weights = "" if record.weights == "not compared" else f", weights {record.weights}"
        yield f"bit-identical over {record.steps} steps{weights}"
        return
    step = record.first_divergent_step
    place = "no step differs" if step is None else f"the first step that differs is {step}"
    yield f"diverged: {place}; {record.steps} steps compared, weights {record.weights}"
    largest = record.largest_difference
    if largest is not None:
        one, other = largest.values
        where = f"step {largest.step}, epoch {largest.epoch}"
        yield (
            f"largest difference of a metric: {largest.metric} at {where}: "
            f"{number(one)} there, {number(other)} here"
        )
    for cause in record.causes:
        yield f"likely cause: {cause}"
