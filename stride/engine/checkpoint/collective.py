"""Write one checkpoint by all processes, each of them its own shards."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

from stride.distributed import gather, on_main
from stride.engine.checkpoint.checkpoint import Snapshot, write_rows, write_state
from stride.errors import RunFailed, StrideError
from stride.runs.writer_base import RunFiles

Result = TypeVar("Result")


def run_on_all_ranks(work: Callable[[], Result]) -> list[Result]:
    """Do work on every process; return all results, or raise on every process where one failed.

    Raises:
        RunFailed: it failed elsewhere; where it did, the error is raised itself.
    """
    try:
        answer: tuple[Any, str] = work(), ""
    except StrideError as error:
        gather((None, str(error)))
        raise
    answers = gather(answer)
    for rank, (_, failure) in enumerate(answers):
        if failure:
            raise RunFailed(f"rank {rank} could not go on: {failure}")
    return [result for result, _ in answers]


def write_together(run: RunFiles, path: Path, taken: Snapshot, **facts: Any) -> dict[str, Any]:
    """Write a checkpoint into its place in a run; return its record. Every process has to ask.

    Rank 0 makes the folder and renames it when all files are there: it is the one committer.

    Args:
        run: gives the folder, which all processes reach.
        path: the checkpoint's place.
        taken: the state as this process has it.
        facts: `value`, `streams` and identity of `write_state`.

    Raises:
        StrideError: a file cannot be written, by any of the processes.
    """
    with ExitStack() as stack:
        folder = Path(on_main(lambda: str(stack.enter_context(run.commit_folder(path)))))
        written = run_on_all_ranks(lambda: write_rows(folder, taken))
        rows = {name: digest for files in written for name, digest in files.items()}
        record = on_main(lambda: write_state(folder, taken, rows=rows, **facts))
        run.sync_streams()
    return record
