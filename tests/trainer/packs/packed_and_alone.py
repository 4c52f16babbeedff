"""Train the same members in a pack and one by one, and compare all that their runs leave."""

import copy
import re

from stride.runs.files.jsonl import read_lines
from stride.runs.fingerprints import read_fingerprints
from stride.runs.layout import RunPaths
from stride.runs.run import Run
from stride.trainer.fit.run_start import NewRun
from stride.trainer.packs.packs import Packs
from stride.trainer.trainer import Trainer
from tests.integration.same_runs import problems_of, unlike, without

SMALL = {
    "dataset_kwargs": {"subsample_rate": 0.1},
    "load_data_kwargs": {"batch_size": 32},
    "model_kwargs": {"model_name": "MLP", "hidden": [8], "norm": "none"},
    "training_config": {"max_epochs": 3, "log_interval": 2},
    "logging_config": {"terminal_display": "off", "loggers": ["csv"]},
}
"""A training of a moment, four steps an epoch."""


def trainer_of(folder, member):
    """Return the trainer of a member: what differs from `SMALL`, and the classes of callbacks."""
    sections = {name: SMALL.get(name, {}) | v for name, v in member.items() if isinstance(v, dict)}
    config = copy.deepcopy(SMALL | member | sections)
    callbacks = [make() for make in config.pop("callbacks", ())]
    return Trainer(folder, callbacks=callbacks, device="cpu", **config)


def train_packed(folder, members):
    """Train members in a pack; return how each has ended."""
    trainers = [trainer_of(folder, member) for member in members]
    return Packs().fit(trainers, [NewRun(one.builder.resolved) for one in trainers])


def differences(folder, members):
    """Train members in a pack and alone; return the names of what differs, and the packed runs."""
    ended, found = train_packed(folder / "packed", members), []
    for number, (member, one) in enumerate(zip(members, ended, strict=True)):
        alone = trainer_of(folder / "alone", member)
        value = _value(alone)
        found += [] if repr(value) == repr(one.value) else [f"{number}: {value} {one}"]
        if not hasattr(alone, "run"):  # refused, before there is one
            continue
        packed = folder / "packed" / alone.run.paths.name
        found += [f"{number}: {what}" for what in _problems(packed, alone.run.paths.path)]
    return found, [Run(path) for path in sorted((folder / "packed").glob("[0-9]*"), key=_number)]


def _number(path):
    return int(path.name)


def _value(trainer):
    try:
        return trainer.fit_from(NewRun(trainer.builder.resolved))
    except Exception:
        return None


def _problems(packed, alone):
    one, other = (sorted(words(path)) for path in (packed, alone))  # of threads in any order
    if one != other:
        yield f"the log: {one} {other}"
    one, other = ([*read_lines(RunPaths(path).artifact_rows)] for path in (packed, alone))
    if [row.get("sha256") for row in one] != [row.get("sha256") for row in other]:
        yield "the artifacts"
    ended = Run(alone).status["state"] == "done"  # else there may be no weights, no checkpoint
    yield from problems_of(packed, alone) if ended else unlike(*map(_begun, (packed, alone)))


def _begun(path):
    run = Run(path)
    rows = [without(row, "time") for row in run.metrics()]
    fingerprints = list(read_fingerprints(run.paths.fingerprints))
    return {"rows": rows, "fingerprints": fingerprints, "reason": run.status["reason"]}


def words(run):
    """Return what the log of a run says, without times, and that it has left its pack."""
    lines = RunPaths(run).log(0).read_text().splitlines()
    said = [re.sub(r"^\S+ \S+ |  \S+ steps/s.*", "", line) for line in lines]
    said = [line.replace(str(run), "RUN") for line in said if "trained alone" not in line]
    return [line for line in said if re.match("DEBUG|INFO|WARNING|ERROR", line)]
