"""Tiny trainings that differ in seed, order and numbers, made in a pack and alone."""

import json

import numpy as np
from torch import nn

from stride.runs.layout import RunPaths
from stride.trainer.fit.run_start import NewRun
from stride.trainer.packs.packs import Packs
from stride.trainer.starts.resume import ResumedRun
from stride.trainer.trainer import Trainer
from tests.integration.same_runs import problems_of

HERE = "tests.trainer.packs.trainings"


class Autoencoder(nn.Sequential):
    """Numbers through a narrow layer."""

    def __init__(self, in_features=20):
        down = [nn.Linear(in_features, 12), nn.ReLU(), nn.Linear(12, 3), nn.Tanh()]
        super().__init__(*down, nn.Linear(3, 12), nn.ReLU(), nn.Linear(12, in_features))


def _mlp(place, **kwargs):
    return {"model_name": "MLP", "hidden": [16], "norm": "none", "dropout": 0.0} | kwargs


def _autoencoder(place):
    return {"model_name": f"{HERE}:Autoencoder"}


def _normalised(place):
    return _mlp(place, norm="batch", dropout=0.1 + place / 100)


KINDS = {"mlp": _mlp, "autoencoder": _autoencoder, "normalised": _normalised}
"""The model of a place."""


def write_data(folder):
    """Write points in three classes."""
    x = np.random.default_rng(0).standard_normal((90, 20)).astype("f4")
    np.savez(folder / "points.npz", inputs=x, targets=x[:, :3].argmax(1))


def config(data, place, kind="mlp", **sections):
    """Return the config of one of several trainings, in four steps an epoch.

    Args:
        data: folder of the data.
        place: by which seed, learning rate, decay and betas differ.
        kind: of `KINDS`.
        sections: merged into those of the place.
    """
    classes = kind != "autoencoder"
    targets = {} if classes else {"targets": None}
    rate = {"lr": 10 ** (-2 - place % 5 / 4), "betas": [0.9 - 0.01 * (place % 2), 0.999]}
    base = {
        "seed": place,
        "device": "cpu",
        "dataset_kwargs": {
            "dataset_name": "arrays",
            "path": str(data / "points.npz"),
            **targets,
        },
        "load_data_kwargs": {"batch_size": 16},
        "model_kwargs": KINDS[kind](place),
        "criterion_kwargs": {} if classes else {"criterion_name": "L1Loss"},
        "optimizer_kwargs": {"optimizer_name": "AdamW", "weight_decay": 0.01 * (place % 3), **rate},
        "training_config": {"max_epochs": 2, "log_interval": 2},
        "logging_config": {"terminal_display": "off", "loggers": ["csv"]},
    }
    merged = {k: base.get(k, {}) | v for k, v in sections.items() if isinstance(v, dict)}
    return base | sections | merged


class Fleet:
    """Make trainings in a pack and alone, each as the run of its place.

    Args:
        folder: of all work_dirs.
        data: folder of the data.
    """

    def __init__(self, folder, data):
        self.folder, self.data = folder, data

    def trainer(self, name, place, kind="mlp", given=None, **sections):
        """Return the trainer of a place in a work_dir.

        Args:
            name: of the work_dir.
            place: of the training.
            kind: of `KINDS`.
            given: further arguments of the Trainer, made anew by each call.
            sections: of the config.
        """
        arguments = {key: make() for key, make in (given or {}).items()}
        values = config(self.data, place, kind, **sections)
        return Trainer(self.folder / name, run=f"at-{place}", **values, **arguments)

    def pack(self, members, name="packed"):
        """Train members together; return trainers and how each has ended.

        Args:
            members: for each the arguments of `trainer`; `callbacks` are those of its start.
            name: of the work_dir.
        """
        both = [self._start(name, *one) for one in enumerate(members)]
        trainers, starts = zip(*both, strict=True)
        return trainers, Packs().fit(trainers, starts)

    def _start(self, name, place, member):
        member = dict(member)
        make = member.pop("callbacks", list)
        trainer = self.trainer(name, place, **member)
        start = NewRun(trainer.builder.resolved)
        start.callbacks.extend(make())
        return trainer, start

    def alone(self, members, name="alone"):
        """Train each member by itself; return the value or the exception of each."""
        return [self._alone(*self._start(name, *one)) for one in enumerate(members)]

    def _alone(self, trainer, start):
        try:
            return trainer.fit_from(start)
        except Exception as error:
            return error

    def resume(self, members, *, together, name="packed"):
        """Go on with the runs of all members, or begin them; raise what any of them ends by."""
        both = [self._start(name, *one) for one in enumerate(members)]
        trainers = [trainer for trainer, _ in both]
        starts = [self._taken_up(place, name) or new for place, (_, new) in enumerate(both)]
        if together:
            errors = [one.error for one in Packs().fit(trainers, starts)]
            assert errors == [None] * len(members)
        else:
            for trainer, start in zip(trainers, starts, strict=True):
                trainer.fit_from(start)

    def _taken_up(self, place, name):
        path = self.run(place, name).path
        return ResumedRun.of(path) if path.exists() else None

    def run(self, place, name="packed"):
        """Return the files of a place's run."""
        return RunPaths(self.folder / name / f"at-{place}")

    def problems(self, places, name="packed", whole="alone"):
        """Return what of these runs differs from those trained alone, or does not verify."""
        both = [(self.run(place, name).path, self.run(place, whole).path) for place in places]
        found = {one.name: problems_of(one, other) for one, other in both}
        return {place: wrong for place, wrong in found.items() if wrong}

    def record(self, place, name="packed", segment=0):
        """Return what a segment's record says of the pack."""
        record = json.loads((self.run(place, name).path / f"segments/{segment}.json").read_text())
        return record.get("pack")

    def status(self, place, name="packed"):
        """Return state and reason of a run."""
        status = json.loads(self.run(place, name).status.read_text())
        return status["state"], status["reason"]

    def saved_step(self, place, name="packed"):
        """Return the step of a run's newest checkpoint."""
        return json.loads(self.run(place, name).checkpoint_index.read_text())["entries"][-1]["step"]

    def log(self, place, name="packed"):
        """Return a run's text log."""
        return self.run(place, name).log(0).read_text()
