"""Train a pack, or go on with its runs, for processes that are killed on purpose."""

from pathlib import Path

from stride.runs.status import current_state
from stride.trainer.fit.run_start import NewRun, RunStart
from stride.trainer.packs.packs import Packs
from stride.trainer.starts.resume import ResumedRun
from tests.trainer.packs.trainings import Fleet

MEMBERS = [
    {
        "kind": "normalised",
        "training_config": {"max_epochs": epochs},
        "checkpoint_config": {"every_steps": 3},
    }
    for epochs in (4, 4, 2)
]


def train(folder: str, name: str, together: bool) -> None:
    """Bring all runs to their ends, from wherever they stand.

    Args:
        folder: of all work_dirs, and of the data.
        name: of the work_dir.
        together: whether they are led as a pack.
    """
    fleet = Fleet(Path(folder), Path(folder))
    places = [place for place in range(len(MEMBERS)) if state_of(fleet, place, name) != "done"]
    trainers = [fleet.trainer(name, place, **MEMBERS[place]) for place in places]
    starts: list[RunStart] = [
        ResumedRun.of(fleet.run(place, name).path)
        if state_of(fleet, place, name)
        else NewRun(trainer.builder.resolved, force=True)
        for place, trainer in zip(places, trainers, strict=True)
    ]
    if together and places:
        errors = [one.error for one in Packs().fit(trainers, starts)]
        assert not any(errors), errors
        return
    for trainer, start in zip(trainers, starts, strict=True):
        trainer.fit_from(start)


def state_of(fleet: Fleet, place: int, name: str) -> str:
    """Return the state of a run, "" where it had not begun."""
    run = fleet.run(place, name)
    return current_state(run)[0] if run.config.exists() and run.provenance.exists() else ""
