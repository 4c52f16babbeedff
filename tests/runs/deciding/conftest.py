"""Runs as they lie in a work_dir, written by hand: a few files each."""

import json

import pytest

from stride.config.nonfinite import encode_numbers
from stride.runs.listing.query import list_runs
from stride.runs.listing.selection import GivenRows, Selection


def write_run(work_dir, name, seed=0, *, accuracy=None, state="done", data="d0", **more):
    """Write what a reader needs of one run.

    Args:
        work_dir: where.
        name: of the run; a later one has a larger number.
        seed: of the run.
        accuracy: on the test split; None: it was not measured.
        state: of the run.
        data: fingerprint.
        more: `reason`; `parent`, `origins` of provenance; `results`, more of it; `config`, keys.
    """
    path = work_dir / str(name)
    path.mkdir(parents=True)
    monitor = {"metric": "validation/epoch_loss", "mode": "min", "value": 0.5}
    loss = {"validation/epoch_loss": 0.5}
    status = {
        "state": state,
        "reason": more.get("reason", ""),
        "uuid": f"{len(list(work_dir.iterdir())):032x}",
        "created": 1e9 + len(list(work_dir.iterdir())),
        "started": 1e9,
        "ended": 1e9 + 1,
        "segment": 0,
        "host": "there",
        "pid": 1,
        "overrides": [],
        "metrics": {"best": loss, "last": loss},
        "monitor": monitor,
    }
    model = {"model_name": "MLP", "model_seed": seed, "hidden": [8]}
    config = {
        "work_dir": str(work_dir),
        "run": None,
        "seed": seed,
        "model_kwargs": model,
        "optimizer_kwargs": {"lr": 0.1},
        "logging_config": {"level": "INFO", "timing_name": None},
    }
    for key, value in more.get("config", {}).items():
        section, _, inner = key.partition(".")
        config |= {section: {**config[section], inner: value} if inner else value}
    provenance = {"data_fingerprint": data, "origins": more.get("origins", {})}
    provenance |= {key: more[key] for key in ("parent", "devices") if key in more}
    test = {} if accuracy is None else {"test/accuracy": accuracy}
    files = {
        "status": status,
        "config": config,
        "provenance": provenance,
        "results": {"test": test, **more.get("results", {})},
    }
    for file, content in files.items():
        record = encode_numbers({"format_version": 3, **content})
        (path / f"{file}.json").write_text(json.dumps(record))
    return path


@pytest.fixture
def work_dir(tmp_path):
    """Return the path of a work_dir that is not there yet."""
    return tmp_path / "W"


class Selected:
    """All runs of some work_dirs, the newest first."""

    def __init__(self, rows):
        by_place = {}
        for row in rows:
            by_place.setdefault(row.path.parent, []).append(row)
        runs = [run for place, some in by_place.items() for run in GivenRows(place, some).runs]
        self._selection = Selection(runs)
        self.facts = list(self._selection.facts())
        self.field = self._selection.field


@pytest.fixture
def select():
    """Return what reads all runs of work_dirs."""
    return lambda *places: Selected([row for place in places for row in list_runs(place)])
