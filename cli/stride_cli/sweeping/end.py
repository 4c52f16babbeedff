"""Say what came out of a sweep: the best trial, its run, and how to train the same again."""

from typing import TYPE_CHECKING, Any

from stride.sweeps.following.words import counted, near, overrides_of
from stride.visible import quoted
from stride_cli.output import print_json, print_path, tell
from stride_cli.streams import excuse_stdout
from stride_cli.sweeping.sentences import best_lines, train_again

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

    from stride.sweeps.following.standing import Standing
    from stride.sweeps.sweep import Sweep


def print_end(sweep: "Sweep", config_file: str | None, *, json: bool) -> None:
    """Print how a sweep stands, and the path of the best trial's run.

    Args:
        sweep: that was worked on.
        config_file: from which some of the config was.
        json: whether a program asks.

    Raises:
        RunFailed: all trials have failed, or one where that ends the sweep.
    """
    from stride.sweeps.following.standing import runs_of, standing_of

    standing = standing_of(sweep)
    tell(f"sweep {sweep.paths.name}: {counted(standing)}")
    require_success(sweep, standing)
    if json:
        print_json(plain(sweep, standing, config_file))
    elif standing.best is not None:
        tell("\n".join(best_lines(sweep, standing.best, config_file)))
        print_path(runs_of(sweep, standing.best)[0].path)
        excuse_stdout()


def require_success(sweep: "Sweep", standing: "Standing") -> None:
    """Refuse to call a sweep done of which all trials have failed, or the one that ends it.

    Raises:
        RunFailed: says how many have.
    """
    failed, ended = standing.counts["failed"] or 0, len(standing.ended)
    if not failed or (failed < ended and not sweep.spec.stop_on_error):
        return
    from stride.errors import RunFailed

    many = f"all {failed} trials have" if failed > 1 else "the only trial has"
    some = f"{failed} of {ended} trials {'have' if failed > 1 else 'has'}"
    where = f"'sweep == {sweep.paths.name} and status == failed'"
    raise RunFailed(
        f"{many if failed == ended else some} failed",
        where=str(sweep.paths.path),
        hint=f"type: stride ls {quoted(near(sweep.work_dir))} --where {where}; "
        "and when it is mended the sweep again, with --retry-failed",
    )


def plain(sweep: "Sweep", standing: "Standing", config_file: str | None) -> dict[str, Any]:
    """Return where a sweep stands, as a program is told."""
    best, record = standing.best, sweep.record
    return {
        "sweep": record.name,
        "path": str(sweep.paths.path),
        "study": record.study,
        "metric": record.metric,
        "mode": record.mode,
        "counts": standing.counts,
        "best": None if best is None else _best(sweep, best, config_file),
    }


def _best(sweep: "Sweep", trial: "FrozenTrial", config_file: str | None) -> dict[str, Any]:
    from stride.sweeps.following.standing import runs_of

    return {
        "trial": trial.number,
        "value": trial.value,
        "overrides": overrides_of(trial),
        "runs": [str(run.path) for run in runs_of(sweep, trial)],
        "command": train_again(sweep, trial, config_file),
    }
