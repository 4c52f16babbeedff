"""Kill and resume a training in its first steps, and compare it with one that is left alone."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from stride.config import Resolved
from stride.distributed import world_size
from stride.engine.signals import Interrupted, obeying_signals
from stride.engine.stopping import StopRequest
from stride.errors import StrideError, UserError
from stride.runs.layout import RunPaths
from stride.runs.run import Run
from stride.trainer.flow import Trainable
from stride.trainer.proof.difference import (
    compared_parts,
    difference,
    final_state,
    first_divergent_step,
)
from stride.trainer.proof.local_objects import require_fork
from stride.trainer.proof.plan import Plan
from stride.trainer.proof.processes import ForkedProcess, NewProcess, Starter
from stride.trainer.proof.temp_folder import bytes_needed, temporary_folder
from stride.trainer.proof.worker import RUN, Task

OK, DIFFERS, INEXACT = "ok", "differs", "inexact"

Tell = Callable[[str], object]


@dataclass
class Half:
    """How a training that was killed and resumed compares with one that was not.

    Attributes:
        num_workers: another number of the loaders' workers after the kill, None for the same.
        differs: each part that differs, with the first place in it; the first is named first.
        first_step: the first step whose bits differ, None where no step's do.
        inexact: what the resumed process did not restore, with what is wrong.
    """

    num_workers: int | None
    differs: list[str]
    first_step: int | None
    inexact: dict[str, str]

    @property
    def verdict(self) -> str:
        """Return "differs"; "inexact" where all bits are equal, but not all was restored; "ok"."""
        return DIFFERS if self.differs else INEXACT if self.inexact else OK

    def to_json(self) -> dict[str, Any]:
        """Return all of it, with the verdict."""
        return {"verdict": self.verdict, **asdict(self)}


@dataclass
class Proof:
    """What was proven of a training.

    Attributes:
        killed_after: the step after whose checkpoint the process was killed.
        steps: the step at which the trainings were compared.
        compared: the parts of the state that were compared.
        not_tried: what the proof says nothing of, and why.
        unlike_at: the first step before the kill whose bits differ already, None where none does:
            then the training is not the same twice, and nothing is known of resuming.
        halves: how it went after the kill, each time it was resumed.
    """

    killed_after: int
    steps: int
    compared: list[str] = field(default_factory=list)
    not_tried: list[str] = field(default_factory=list)
    unlike_at: int | None = None
    halves: list[Half] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """Return that of the worst half."""
        if self.unlike_at is not None:
            return DIFFERS
        found = {half.verdict for half in self.halves}
        return next((one for one in (DIFFERS, INEXACT) if one in found), OK)

    def to_json(self) -> dict[str, Any]:
        """Return all of it, with the verdicts."""
        halves = [half.to_json() for half in self.halves]
        return {"verdict": self.verdict, **asdict(self), "halves": halves}


def prove(
    trainer: Trainable, resolved: Resolved, objects: Sequence[str], tell: Tell
) -> dict[str, Any]:
    """Try whether the first steps of a training go on exactly after a kill; leave no trace.

    All is done in other processes and a temporary folder, which are gone at the end.

    Args:
        trainer: of the training.
        resolved: its config.
        objects: what this process alone has; then it is forked for the others.
        tell: is given a line when something begins.

    Returns:
        What `Trainer.check` finds, and under `resume` what a `Proof` has.

    Raises:
        UserError: as `Trainer.check`; or the training cannot be tried.
        RunFailed: one of the processes failed.
        Interrupted: by a signal.
    """
    if world_size() > 1:
        raise UserError(
            "the check of resuming starts processes of its own, one after the other",
            hint="type it without a launcher",
        )
    if objects:
        require_fork(objects, resolved.config)
    office = tempfile.TemporaryDirectory(prefix="stride-check-", ignore_cleanup_errors=True)
    with obeying_signals(StopRequest()) as stop, office as folder:
        files = Path(folder)
        starter: Starter = NewProcess(files, stop, resolved)
        if objects:
            starter = ForkedProcess(files, stop, trainer, resolved)
        tell("resuming: looking at config, data and model")
        facts = starter.look()
        needed = bytes_needed(facts["nbytes"])
        with temporary_folder(needed, resolved.work_dir) as runs:
            proof = _Halves(starter, runs, facts, tell).run()
        proof.not_tried += _of_kind(resolved, objects)
    if stop.signal:
        raise Interrupted(stop.signal)
    return {**facts["found"], "resume": proof.to_json()}


def _of_kind(resolved: Resolved, objects: Sequence[str]) -> Iterator[str]:
    kind = resolved.config.trainer
    if kind != "supervised":
        yield f"what trainer={kind} does after these steps"
    if objects:
        yield f"building {', '.join(objects)} again: the processes were forked, of one thread each"


class _Halves:
    """Train whole, train to the kill, and go on after it, each in a process of its own."""

    def __init__(
        self, starter: Starter, folder: Path, facts: Mapping[str, Any], tell: Tell
    ) -> None:
        lengths = {key: facts[key] for key in ("per_epoch", "total", "inside")}
        self._plan, self._facts = Plan.of(**lengths), facts
        self._starter, self._folder, self._tell = starter, folder, tell

    def run(self) -> Proof:
        """Do all of it; see `prove`."""
        plan, proof = self._plan, Proof(self._plan.kill, self._plan.end)
        self._tell(f"resuming: training to step {plan.end}")
        self._train("whole", until=plan.end)
        self._tell(f"resuming: training to step {plan.kill}, and killing the process")
        self._train("killed", until=plan.kill)
        proof.compared = compared_parts(final_state(self._paths("whole")))
        proof.not_tried += self._not_on_the_way()
        whole, killed = self._paths("whole"), self._paths("killed")
        proof.unlike_at = first_divergent_step(whole, killed, plan.kill)
        if proof.unlike_at is None:
            shutil.copytree(self._folder / "killed", self._folder / "other")
            proof.halves.append(self._resumed("killed", None))
            self._try_other_workers(proof)
        return proof

    def _train(self, name: str, **task: Any) -> None:
        failure = self._starter.train(self._task(name, **task))
        if failure is not None:
            raise failure

    def _task(self, name: str, **task: Any) -> Task:
        return Task(str(self._folder / name), self._plan.every, **task)

    def _paths(self, name: str) -> RunPaths:
        return RunPaths(self._folder / name / RUN)

    def _resumed(self, name: str, num_workers: int | None) -> Half:
        """Go on after the kill, and compare with the training that was never stopped.

        Raises:
            StrideError: the process failed.
        """
        workers = "" if num_workers is None else f", with num_workers={num_workers}"
        self._tell(f"resuming: going on to step {self._plan.end}{workers}")
        self._train(name, until=self._plan.end, resumes=True, num_workers=num_workers)
        whole, paths = self._paths("whole"), self._paths(name)
        places, step = difference(whole, paths, self._facts["optimized"])
        segment = Run(paths.path).segments[-1]
        inexact = dict((segment.get("fidelity") or {}).get("inexact") or {})
        if segment["from_step"] != self._plan.kill:
            inexact["place"] = f"it went on from step {segment['from_step']}"
        return Half(num_workers, places, step, inexact)

    def _try_other_workers(self, proof: Proof) -> None:
        """Go on with another number of workers: what cannot be told from it is not tried."""
        number = self._facts["num_workers"]
        if number is None:
            proof.not_tried.append("another number of workers: the loader is your own")
            return
        other = 0 if number else 2
        try:
            proof.halves.append(self._resumed("other", other))
        except StrideError as error:
            proof.not_tried.append(f"load_data_kwargs.num_workers={other}: {error}")

    def _not_on_the_way(self) -> Iterator[str]:
        if not self._plan.passes_border:
            steps = self._facts["per_epoch"]
            length = f", which has {steps} steps" if steps else ""
            yield f"the end of an epoch{length}"
