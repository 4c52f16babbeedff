"""`stride evaluate --follow`."""

import time
from typing import TYPE_CHECKING

from stride_cli.address import find
from stride_cli.output import say, tell
from stride_cli.under_way import goes_on

if TYPE_CHECKING:
    from stride.runs.records.streams import EvaluationRow


def run(
    text: str,
    split: str | None,
    overrides: list[str],
    metrics: list[str] | None,
    *,
    every: float | None,
    trust: bool,
    json: bool,
) -> None:
    """Evaluate a run's checkpoints as they appear, and print a line for each, until it ends."""
    if json:
        from stride.errors import UserError

        what = "--follow prints lines for a person"
        raise UserError(
            what, hint="leave --json away: evaluations.jsonl in the run is for programs"
        )
    folder = find(text)

    from stride.runs.evaluations.write import sole_evaluator
    from stride.trainer.evaluation.checkpoint_model import Request
    from stride.trainer.evaluation.follower import EVERY, Follower, told
    from stride.trainer.starts.loaded import load_run

    def show(row: "EvaluationRow") -> None:
        say(told(row))

    asked = None if metrics is None else tuple(metrics)
    request = Request(() if split is None else (split,), asked, overrides, trust)
    one = load_run(folder)
    with sole_evaluator(one.paths):
        follower = Follower(one, request, show)
        follower.follow(lambda: goes_on(one.path), lambda: time.sleep(every or EVERY))
    skipped = f", {follower.num_skipped} skipped" if follower.num_skipped else ""
    number = follower.num_evaluated
    tell(f"{text}: {number} checkpoint{'' if number == 1 else 's'} evaluated{skipped}")
