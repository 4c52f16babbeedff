"""Record a training, cut the power at its operations, and go on with what is left."""

import pickle
import random
from pathlib import Path
from typing import Any

from stride.engine.checkpoint.checkpoint import newest_good
from stride.runs.layout import RunPaths, checkpoint_order
from stride.runs.listing.query import list_runs
from stride.runs.run import Run
from stride.runs.status import current_state
from stride.runs.verify.run import verify_run
from tests.integration.forkserver import Forkserver
from tests.integration.power_cut.disk import Disk, Tree, lay
from tests.integration.power_cut.recorder import Names, Record, Told
from tests.integration.power_cut.trainings import WORK
from tests.integration.same_runs import problems_of

TRAININGS = "tests.integration.power_cut.trainings:"


class Cuts:
    """A recorded training, and the folders that power cuts leave of it.

    Args:
        server: forks the trainings.
        root: the folder below which is recorded; made here.
        kind: the function of `everything` that gives the trainer.
        begun: what is there when it begins.
        whole: the run, never stopped, that it has to equal; the recorded one without it.
        start: how it begins, as `trainings.train` says.
        name: of the run.
        sections: of the config.
    """

    def __init__(
        self,
        server: Forkserver,
        root: Path,
        kind: str = "trainer",
        *,
        begun: Tree | None = None,
        whole: Path | None = None,
        start: dict[str, Any] | None = None,
        name: str = "0",
        **sections: Any,
    ) -> None:
        self.server, self.root, self.name = server, root, name
        self.log = root.with_suffix(".log")
        self.whole = whole or root / WORK / name
        self._resumes = start is not None and "resume" in start
        lay(begun or {}, root)
        file = root.with_suffix(".record")
        arguments = (str(root), str(file), kind, start or {})
        code = server.call(TRAININGS + "train", *arguments, log=self.log, **sections)
        assert code == 0, self.log.read_text()
        self.record: Record = pickle.loads(file.read_bytes())
        self.made = self.resumed = self.anew = self.done = 0
        self._seen: set[tuple[Any, ...]] = set()

    def __str__(self) -> str:
        return (
            f"{self.made} folders left by power cuts: {self.resumed} resumed to the same bits, "
            f"{self.done} were done, {self.anew} had not begun"
        )

    def all(self) -> range:
        """Return all places of the record at which the power can be cut."""
        return range(self.record.begun, len(self.record.operations) + 1)

    def told(self) -> list[int]:
        """Return the places right after something was told, or a status was renamed into place."""
        return [
            number
            for number, one in enumerate(self.record.operations, 1)
            if isinstance(one, Told)
            or (isinstance(one, Names) and one.changes[-1][1] == "status.json")
        ]

    def tree(self, at: int, names: str, contents: str) -> Tree:
        """Return what a power cut leaves after so many operations."""
        return Disk(self.record, at).tree(names, contents, random.Random(at))

    def cut(self, at: int, names: str, contents: str) -> None:
        """Cut the power after so many operations; look at what is left, and go on with it."""
        tree = self.tree(at, names, contents)
        operations = self.record.operations[:at]
        told = {one.words: one.name for one in operations if isinstance(one, Told)}
        key = (*sorted(tree.items()), *told.items())
        if key in self._seen:
            return
        self._seen.add(key)
        self.made += 1
        root = self.root.with_name(f"{self.root.name}-{at}-{names}-{contents}")
        lay(tree, root)
        run = RunPaths(root / WORK / self.name)
        look(run)
        if "ended" in told or state(run) == "done":
            self._compare_ended(run)
        else:
            self._check_saved(run, told.get("saved"))
            self._go_on(root, run, begun=self._resumes or "begun" in told)

    def _compare_ended(self, run: RunPaths) -> None:
        self.done += 1
        assert state(run) == "done"
        wrong = problems_of(run.path, self.whole)
        assert [one for one in wrong if not one.endswith("is left behind")] == []

    def _check_saved(self, run: RunPaths, name: str | None) -> None:
        """Assert that a checkpoint is there which is no older than the one that was told of."""
        if name is not None:
            found = newest_good(run)
            assert found is not None and checkpoint_order(found.name) >= checkpoint_order(name)

    def _go_on(self, root: Path, run: RunPaths, *, begun: bool) -> None:
        """Resume the run, unless it never began, and says so."""
        start = self.log.stat().st_size
        words = ("resume", str(run.path))
        code = self.server.call(TRAININGS + "command", str(root), *words, log=self.log)
        said = self.log.read_bytes()[start:].decode()
        if code == 0:
            self.resumed += 1
            assert problems_of(run.path, self.whole) == []
            return
        self.anew += 1
        assert code == 2 and not begun, said
        never = "was ended before it had written what it began from"
        assert never in said or not run.path.exists(), said


def state(run: RunPaths) -> str:
    return current_state(run)[0] if run.status.exists() else ""


def look(run: RunPaths) -> None:
    """Read what is there, as the commands do that read."""
    if run.path.parent.exists():
        for row in list_runs(run.path.parent):
            begun = RunPaths(row.path).status.exists()
            states = ("interrupted", "done") if begun else ("created", "broken")
            assert row.state in states, row
    if run.segments.exists():
        report = verify_run(run.path)
        assert report.ok, report.problems
    if run.status.exists():
        Run(run.path).metrics()
