"""`stride stats --tasks`: configurations over tasks, in every form."""

import csv
import io
import json

import pytest

from tests.runs.deciding.test_over_tasks import SCORES, write

TABLE = """\
configuration  standing  tasks   n   mean   IQM  IQM, 95 %       better than the best
lr=0.1         best          2  10  0.72   0.72  [0.71, 0.73]    -
lr=0.3         unclear       2  10  0.718  0.72  [0.71, 0.7267]  0.46 [0.16, 0.77]
lr=0.2         behind        2  10  0.62   0.62  [0.61, 0.63]    0.00 [0.00, 0.00]
"""
TOLD = """\
test/accuracy: larger is better
tasks by dataset_name, over seed; IQM: mean of the middle half
better than the best: how likely a run of a same task is; intervals hold together
the values of all tasks count as they are; --normalize brings each task to 0 to 1
"""
ASKED = ("stats", "W", "-m", "test/accuracy", "--tasks", "dataset_name")


@pytest.fixture(autouse=True)
def study(tmp_path):
    for (lr, task), values in SCORES.items():
        for seed, value in enumerate(values):
            write(tmp_path / "W", lr, task, seed, value)


def test_the_table_and_what_is_told_beside_it(stride):
    assert stride(*ASKED) == (0, TABLE, TOLD)


def test_the_numbers_are_the_same_for_programs(stride):
    told = json.loads(stride(*ASKED, "--json").out)
    assert told["tasks"] == ["dataset_kwargs.dataset_name"] and told["over"] == ["seed"]
    rows = told["metrics"][0]["configurations"]
    sheet = list(csv.DictReader(io.StringIO(stride(*ASKED, "--csv").out)))
    for row, line in zip(rows, sheet, strict=True):
        better = row["improvement"] or {"probability": None, "interval": [None, None]}
        expected = [2, row["n"], row["mean"], row["iqm"], *row["iqm_interval"]]
        expected += [better["probability"], *better["interval"]]
        assert [float(text) if text else None for text in list(line.values())[3:]] == expected
    assert rows[0]["runs"][0]["dataset_kwargs.dataset_name"] == "digits"


def test_each_task_may_be_brought_to_one_range(stride):
    code, out, err = stride(*ASKED, "--normalize", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0 and all(0 <= float(row["iqm"]) <= 1 for row in rows)
    assert "--normalize" not in err


def test_what_cannot_be_asked_is_refused(stride):
    code, _, err = stride("stats", "W", "--normalize")
    assert code == 2 and "type it with --tasks" in err
    code, _, err = stride("stats", "W", "--tasks", "test/accuracy")
    assert code == 2 and "no key of the config" in err
    code, _, err = stride("stats", "W", "--scaling", "--tasks", "dataset_name")
    assert code == 2 and "--tasks" in err
