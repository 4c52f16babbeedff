"""`stride sweep`."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from stride.sweeps.following.words import counted, near
from stride.visible import quoted
from stride_cli.errors import INTERRUPTED
from stride_cli.output import print_json, print_path, tell
from stride_cli.sweeping.asked import Asked, Files, read_asked, require_one_process
from stride_cli.sweeping.display import open_display
from stride_cli.sweeping.watch import Watch

if TYPE_CHECKING:
    from stride.config.pack import Pack
    from stride.sweeps.request.plan import Plan
    from stride.sweeps.sweep import Sweep
    from stride.sweeps.sweeper import Sweeper
    from stride.trainer.trainer import Trainer


@dataclass(frozen=True)
class How:
    """How a sweep is worked on.

    Attributes:
        workers: how many processes train; 0 for none.
        storage: URL of a database in place of a file.
        pack: which runs are trained as one stack.
        retry_failed: whether failed trials are trained again.
        trust: whether the user vouches for import paths that a folder names.
        json: whether a program asks.
    """

    workers: int = 1
    storage: str | None = None
    pack: "Pack" = "auto"
    retry_failed: bool = False
    trust: bool = False
    json: bool = False


@dataclass(frozen=True)
class Shown:
    """How a sweep is shown to a person.

    Attributes:
        end: prints what came out.
        names_best: whether the values of trials compare, so that one of them is the best.
        again: what to type to go on; None: the command that resumes it.
    """

    end: "Callable[[Sweep], None]"
    names_best: bool = True
    again: str | None = None


def run(
    work_dir: str,
    words: Mapping[str, Any],
    files: Files,
    name: str | None,
    how: How,
    *,
    plan: bool,
) -> None:
    """Bring a sweep to what is asked and work on it; or say what that would be."""
    asked = read_asked(work_dir, words, files, name)
    run_asked(asked, how, _ordinary(files.config, json=how.json), plan=plan)


def run_asked(asked: Asked, how: How, shown: Shown, *, plan: bool) -> None:
    """Do the same for a sweep that is read already, as it is to be shown."""
    from stride.sweeps.sweep import open_sweep

    for note in asked.notes:
        tell(f"note: {note}")
    trainer, sweeper = _sweeper(asked, how)
    if plan:
        from stride_cli.sweeping.plan import print_plan

        planned = sweeper.plan()
        packs = sweeper.foresee(planned, how.pack)
        print_plan(planned, asked.spec, sweeper.paths, packs, json=how.json)
        return
    written = sweeper.write()
    sweep = open_sweep(sweeper.paths)
    tell(_begun(sweep, written))
    _work(sweep, trainer, how, shown, asked.config_file)


def resume(work_dir: str, name: str | None, how: How) -> None:
    """Go on with a sweep that is there, or join those who work on it."""
    require_one_process()
    from stride.sweeps.following.found import find_sweep

    paths = find_sweep(Path(work_dir), name)

    from stride.sweeps.following.standing import standing_of
    from stride.sweeps.joining import trainer_of_sweep
    from stride.sweeps.sweep import open_sweep

    sweep = open_sweep(paths)
    tell(f"sweep {paths.name} in {work_dir}: {counted(standing_of(sweep))}")
    trainer = trainer_of_sweep(sweep, trust=how.trust)
    _work(sweep, trainer, how, _ordinary(None, json=how.json))


_AS_IT_IS = {
    "resume": ("goes on with it as it is", "type the whole sweep again, without --resume"),
    "report": ("says what came out of it", "leave one of the two out"),
}


def refuse_beside(option: str, given: Mapping[str, Any]) -> None:
    """Refuse options that say what a sweep is beside one that takes a sweep as it is.

    Args:
        option: resume or report.
        given: option, with _ for - -> what was typed.

    Raises:
        UserError: something was.
    """
    from stride.errors import UserError

    does, hint = _AS_IT_IS[option]
    for name, value in given.items():
        if value:
            typed = "key=value" if name == "overrides" else f"--{name.replace('_', '-')}"
            raise UserError(f"{typed} says what a sweep is, and --{option} {does}", hint=hint)


def refuse_parts_of_report(given: Mapping[str, bool]) -> None:
    """Refuse what belongs to a report where a sweep is worked on.

    Args:
        given: option -> whether it was typed.

    Raises:
        UserError: one was.
    """
    from stride.errors import UserError

    for name, is_given in given.items():
        if is_given:
            also = "" if name == "report" else f" --{name}"
            hint = f"type: stride sweep W --report{also}"
            raise UserError(f"--{name} reports a sweep, and trains nothing", hint=hint)


def _sweeper(asked: Asked, how: How) -> "tuple[Trainer, Sweeper]":
    from stride.sweeps.sweeper import Sweeper
    from stride.trainer.commands import trainer_of

    trainer = trainer_of(
        asked.resolved, trust=how.trust, config_file=asked.config_file, overrides=asked.overrides
    )
    sweeper = Sweeper.of(
        trainer, asked.spec, asked.name, storage=how.storage, retry_failed=how.retry_failed
    )
    return trainer, sweeper


def _begun(sweep: "Sweep", plan: "Plan") -> str:
    from stride_cli.sweeping.plan import opening

    return "\n".join(opening(plan, sweep.spec, sweep.paths))


def _resume_command(sweep: "Sweep") -> str:
    return f"stride sweep {quoted(near(sweep.work_dir))} --resume --name {quoted(sweep.paths.name)}"


def _ordinary(config_file: str | None, *, json: bool) -> Shown:
    from stride_cli.sweeping.end import print_end

    return Shown(lambda sweep: print_end(sweep, config_file, json=json))


def _work(
    sweep: "Sweep",
    trainer: "Trainer",
    how: How,
    shown: Shown,
    config_file: str | None = None,
) -> None:
    """Train what is left, and tell how the sweep stands then."""
    if not how.workers:
        _leave_to_others(sweep, config_file, json=how.json)
        return
    display = open_display(sweep, names_best=shown.names_best)
    with _leaving_by_signal(shown.again or _resume_command(sweep)), Watch(sweep, display):
        if how.workers > 1:
            from stride.sweeps.processes import work_in_processes

            work_in_processes(sweep, how.workers, trust=how.trust, pack=how.pack)
        else:
            from stride.sweeps.worker import Worker

            Worker(sweep, trainer, how.pack).work()
    shown.end(sweep)


def _leave_to_others(sweep: "Sweep", config_file: str | None, *, json: bool) -> None:
    from stride.sweeps.following.standing import standing_of
    from stride_cli.sweeping.end import plain

    tell(f"nothing is trained here; to work on it from any terminal: {_resume_command(sweep)}")
    if json:
        print_json(plain(sweep, standing_of(sweep), config_file))
    else:
        print_path(sweep.paths.path)


@contextmanager
def _leaving_by_signal(again: str) -> Iterator[None]:
    """Say how to go on where a signal ends the sweep, and leave by its exit code."""
    try:
        yield
    except KeyboardInterrupt as error:
        tell(f"to go on, type: {again}")
        raise typer.Exit(getattr(error, "exit_code", INTERRUPTED)) from error
