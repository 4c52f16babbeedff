"""Check that the files of a replay buffer are there, which checkpoints go with."""

from contextlib import suppress

from stride.errors import RunError
from stride.runs.layout import RunPaths
from stride.runs.run import Run
from stride.runs.verify.report import Report


def check_replay(report: Report, paths: RunPaths) -> None:
    """Check that a run whose checkpoints need such files has some.

    Whether their rows are those of a checkpoint is seen when it is resumed: the digests of the rows
    are in its state.
    """
    if not report.counts["checkpoints"] or not _is_needed(paths):
        return
    with report.checking(paths.replay):
        segments = paths.replay_segments()
        if not any(file for n in segments[-1:] for file in paths.replay_of(n).iterdir()):
            what = "it is missing: no checkpoint can be resumed with its replay buffer"
            hint = "restore it from a copy of the run, or resume with rl_config.save_buffer=false"
            report.problem(paths.replay, what, hint)
        for n in segments[:-1]:
            left = "left by a process that was killed; the next start removes it"
            report.note(paths.replay_of(n), left)


def _is_needed(paths: RunPaths) -> bool:
    """Tell by the config whether checkpoints go with files; a broken one is told by itself."""
    config: object = None
    with suppress(RunError):
        config = Run(paths.path).raw_config.get("rl_config")
    if not isinstance(config, dict):
        return False
    return bool(config.get("memmap_buffer") and config.get("save_buffer"))
