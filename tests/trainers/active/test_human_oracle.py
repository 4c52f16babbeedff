"""A person as the oracle: the run waits without a process, and goes on with the labels given."""

import pytest
import torch
from torch.utils.data import Dataset

from stride.callbacks.base import Callback
from stride.errors import DataError, RunError
from stride.runs.files.jsonl import read_lines
from stride.runs.labels.labels_jsonl import add_labels, missing_labels
from stride.runs.labels.query_csv import query_text, read_query
from stride.runs.layout import RunPaths
from stride.runs.run import Run
from stride.trainers.active.trainer import ActiveTrainer

HERE = "tests.trainers.active.test_human_oracle"
ACTIVE = {"strategy": "MarginSampling", "start_size": 6, "num_queries": 3, "num_rounds": 2}


class Points(Dataset):
    """Points in three classes; where asked for, those of the training split have no label."""

    classes = ("left", "middle", "right")

    def __init__(self, split: str, hidden: bool = False):
        drawn = torch.Generator().manual_seed(len(split))
        self.x = torch.randn(40, 2, generator=drawn)
        self.y = (self.x[:, 0] > -0.5).long() + (self.x[:, 0] > 0.5).long()
        self.shown = torch.full_like(self.y, -1) if hidden and split == "train" else self.y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], int(self.shown[i])


TRUTH = [Points.classes[label] for label in Points("train").y.tolist()]


class Die(Callback):
    def __init__(self, step):
        self.step = step

    def after_step(self, trainer, step):
        if trainer.state.step == self.step:
            raise RuntimeError("killed")


def trainer(folder, oracle="person", hidden=False, callbacks=(), **sections):
    return ActiveTrainer(
        folder,
        device="cpu",
        dataset_kwargs={"dataset_name": f"{HERE}:Points", "hidden": hidden},
        load_data_kwargs={"batch_size": 4},
        model_kwargs={"model_name": "MLP", "hidden": [6], "dropout": 0.0},
        optimizer_kwargs={"lr": 0.05},
        training_config={"max_epochs": 3},
        checkpoint_config={"every_steps": 2, "background": False},
        logging_config={"terminal_display": "off"},
        callbacks=callbacks,
        active_config={**ACTIVE, "oracle": oracle},
        **sections,
    )


def label(folder, by="me"):
    paths = RunPaths(folder / "0")
    add_labels(paths, {one: TRUTH[one] for one in missing_labels(paths)}, by=by)


def status(folder):
    return Run(folder / "0").status


def asked(folder):
    return [(row["queried"], row["scores"]) for row in read_lines(RunPaths(folder / "0").rounds)]


@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("hidden", [pytest.param(False, marks=pytest.mark.slow), True])
def test_a_persons_labels_train_what_the_datasets_would(tmp_path, hidden, workers):
    loaders = {"load_data_kwargs": {"batch_size": 4, "num_workers": workers}}
    simulated = trainer(tmp_path / "simulated", oracle="dataset")
    simulated.fit(loaders)
    folder = tmp_path / "person"
    trainer(folder, hidden=hidden).fit(loaders)
    waits = 0
    while status(folder)["state"] == "waiting":
        waits += 1
        label(folder)
        trainer(folder, hidden=hidden).fit(resume=0)
    assert waits == (3 if hidden else 2) and status(folder)["state"] == "done"
    assert asked(folder) == asked(tmp_path / "simulated")
    weights = [RunPaths(one / "0").weights.read_bytes() for one in tmp_path.iterdir()]
    assert len(weights) == 2 and weights[0] == weights[1]


def test_a_run_without_its_labels_is_refused_and_stays_as_it_is(tmp_path):
    trainer(tmp_path).fit()
    before = status(tmp_path)
    assert before["reason"] == "3 labels are wanted of a person"
    for given, wanted in (({}, "3 labels are"), ({0: "left"}, "2 labels are")):
        ids = [one.id for one in read_query(RunPaths(tmp_path / "0"))]
        add_labels(RunPaths(tmp_path / "0"), {ids[n]: v for n, v in given.items()}, by="me")
        with pytest.raises(RunError, match=f"{wanted} wanted of a person.*stride label"):
            trainer(tmp_path).fit(resume=0)
    assert status(tmp_path) == before


def test_a_label_that_is_no_class_is_told_before_the_run_goes_on(tmp_path):
    trainer(tmp_path).fit()
    paths = RunPaths(tmp_path / "0")
    first = read_query(paths)[0].id
    add_labels(paths, {first: "upwards"}, by="me")
    with pytest.raises(DataError, match=f"'upwards' of sample {first} is not a class"):
        trainer(tmp_path).fit(resume=0)
    assert status(tmp_path)["state"] == "waiting"


def test_a_cell_filled_in_by_another_program_is_a_label(tmp_path):
    trainer(tmp_path).fit()
    paths = RunPaths(tmp_path / "0")
    lines = paths.queries.read_text().splitlines()
    filled = [f"{line.rstrip(',')},{TRUTH[int(line.split(',')[1])]}" for line in lines[1:]]
    paths.queries.write_text("\r\n".join([lines[0], *filled]))
    trainer(tmp_path).fit(resume=0)
    assert status(tmp_path)["state"] == "waiting" and len(asked(tmp_path)) == 2
    assert {row["id"] for row in read_lines(paths.labels)} == set(asked(tmp_path)[0][0])


def test_what_a_person_was_asked_stays_whatever_would_be_chosen_now(tmp_path):
    trainer(tmp_path).fit()
    paths = RunPaths(tmp_path / "0")
    before = [one.id for one in read_query(paths)]
    others = [one for one in range(40) if one not in before][-3:]
    paths.queries.write_text(query_text(1, others, [0.5, 0.25, 0.125]))
    label(tmp_path)
    trainer(tmp_path).fit(resume=0)
    assert asked(tmp_path)[0] == (others, [0.5, 0.25, 0.125])


@pytest.mark.parametrize("step", [7, *(pytest.param(n, marks=pytest.mark.slow) for n in (10, 15))])
def test_a_round_with_a_persons_labels_is_resumed_exactly(tmp_path, step):
    for name, callbacks in (("whole", []), ("cut", [Die(step)])):
        folder = tmp_path / name
        trainer(folder).fit()
        label(folder)
        if callbacks:
            with pytest.raises(Exception, match="killed"):
                trainer(folder, callbacks=callbacks).fit(resume=0)
        trainer(folder).fit(resume=0)
        label(folder)
        trainer(folder).fit(resume=0)
    assert asked(tmp_path / "cut") == asked(tmp_path / "whole")
    weights = [RunPaths(tmp_path / name / "0").weights.read_bytes() for name in ("whole", "cut")]
    assert weights[0] == weights[1]
