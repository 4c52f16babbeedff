"""The process that evaluates the checkpoints of a run, as `AsyncEvaluator` starts it."""

import json
import logging
import sys
import threading
from io import FileIO

from stride.errors import StrideError
from stride.log import LOGGER
from stride.runs.evaluations.write import sole_evaluator
from stride.runs.records.streams import EvaluationRow
from stride.runs.status import is_written
from stride.trainer.evaluation.checkpoint_model import Request
from stride.trainer.evaluation.follower import Follower, told
from stride.trainer.starts.loaded import load_run


def main(orders: FileIO) -> int:
    """Evaluate what is ordered until the run ends, or this is told to; return the exit code."""
    order = json.loads(orders.readline())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    ended = threading.Event()
    threading.Thread(target=_await_end, args=[orders, ended], daemon=True).start()
    request = Request(
        tuple(order["splits"]),
        None if order["metrics"] is None else tuple(order["metrics"]),
        order["overrides"],
        order["trust_code"],
    )
    run = load_run(order["run"])

    def goes_on() -> bool:
        return not ended.is_set() and is_written(run.paths)

    def tell(row: EvaluationRow) -> None:
        LOGGER.info("%s", told(row))

    try:
        with sole_evaluator(run.paths, waits=True):
            Follower(run, request, tell).follow(goes_on, lambda: ended.wait(order["every"]))
    except StrideError as error:
        LOGGER.error("%s", error)
        return error.exit_code
    return 0


def _await_end(orders: FileIO, ended: threading.Event) -> None:
    """Note the word of the process that started this one, or its end."""
    orders.readline()
    ended.set()


if __name__ == "__main__":
    # Without a buffer, whose lock a thread that waits would hold when the interpreter ends.
    sys.exit(main(FileIO(0, closefd=False)))
