"""What a metric is over several tasks, and which configuration may be the best."""

import pytest

from stride.runs.deciding.configurations import group
from stride.runs.deciding.over_tasks import compare_over_tasks
from tests.runs.deciding.conftest import write_run

TASK = "dataset_kwargs.dataset_name"
EASY, HARD = "digits", "moons"
SCORES = {  # by learning rate and task
    (0.1, EASY): (0.90, 0.91, 0.92, 0.93, 0.94),
    (0.1, HARD): (0.50, 0.51, 0.52, 0.53, 0.54),
    (0.2, EASY): (0.80, 0.81, 0.82, 0.83, 0.84),
    (0.2, HARD): (0.40, 0.41, 0.42, 0.43, 0.44),
    (0.3, EASY): (0.91, 0.90, 0.92, 0.93, 0.92),
    (0.3, HARD): (0.51, 0.52, 0.50, 0.53, 0.54),
}


def write(work_dir, lr, task, seed, accuracy, **more):
    config = {"optimizer_kwargs.lr": lr, "dataset_kwargs": {"dataset_name": task}}
    config["model_kwargs.in_features"] = len(task)  # which nobody has set
    told = {"origins": {"optimizer_kwargs.lr": "override"}, "data": task}
    name = f"{lr}-{task}-{seed}"
    write_run(work_dir, name, seed, accuracy=accuracy, config=config, **told, **more)


@pytest.fixture
def compared(work_dir, select):
    def read(metric="test/accuracy", mode=None, scale=False):
        selection = select(work_dir)
        study = group(selection.facts, ("seed",), (TASK,))
        return compare_over_tasks(study, selection.field(metric), mode, scale=scale)

    for (lr, task), values in SCORES.items():
        for seed, value in enumerate(values):
            write(work_dir, lr, task, seed, value)
    return read


def test_a_configuration_is_the_same_on_other_data(compared):
    found = compared()
    assert found.mode == "max" and found.tasks == [(EASY,), (HARD,)]
    names = [row.measured.configuration.name for row in found.rows]
    assert names == ["lr=0.1", "lr=0.3", "lr=0.2"]
    assert found.rows[0].tasks == [[*SCORES[0.1, EASY]], [*SCORES[0.1, HARD]]]


def test_what_somebody_has_set_makes_a_configuration(compared, work_dir):
    config = {"optimizer_kwargs.lr": 0.1, "dataset_kwargs": {"dataset_name": EASY}}
    config["model_kwargs.in_features"] = 4
    origins = dict.fromkeys(("optimizer_kwargs.lr", "model_kwargs.in_features"), "override")
    write_run(work_dir, "wide", 9, accuracy=0.9, config=config, origins=origins)
    names = [row.measured.configuration.name for row in compared().rows]
    assert "in_features=4 lr=0.1" in names


def test_what_is_surely_worse_is_behind_and_the_others_may_be_the_best(compared):
    best, near, behind = compared().rows
    assert [row.standing for row in (best, near, behind)] == ["best", "unclear", "behind"]
    assert best.improvement is None
    assert behind.improvement == (0, (0, 0), pytest.approx(0.975))
    assert near.improvement.interval.holds(0.5)
    assert best.mean == pytest.approx(0.72) and best.interquartile_mean == pytest.approx(0.72)
    assert 0.5 < best.interquartile_interval.low < 0.72 < best.interquartile_interval.high < 0.93


def test_the_other_way(compared):
    assert compared(mode="min").rows[0].measured.configuration.name == "lr=0.2"


def test_each_task_may_be_brought_to_one_range(compared):
    best, _, last = compared(scale=True).rows
    assert best.tasks[0][-1] == 1 and best.tasks[1][-1] == 1
    assert last.tasks[0][0] == 0 and last.tasks[1][0] == 0
    assert last.tasks[1] == pytest.approx([0, 1 / 14, 2 / 14, 3 / 14, 4 / 14])


def test_what_lacks_a_task_has_no_sum_and_its_missing_runs_are_named(compared, work_dir):
    write(work_dir, 0.4, EASY, 0, 0.999)
    write(work_dir, 0.4, HARD, 0, 0.9, state="failed", reason="OutOfMemory")
    lacking = compared(scale=True).rows[-1]
    assert lacking.measured.configuration.name == "lr=0.4"
    assert lacking.standing is None and lacking.improvement is None
    assert (lacking.mean, lacking.interquartile_mean, lacking.interquartile_interval) == (None,) * 3
    assert list(lacking.measured.left_out) == [(0, HARD)]
    assert len(lacking.measured.missing) == 8
    assert compared(scale=True).rows[0].tasks[0][-1] == 1  # scaled by the complete ones alone


def test_a_single_run_of_a_task_leaves_it_unclear(compared, work_dir):
    for task in (EASY, HARD):
        write(work_dir, 0.5, task, 0, 0.0)
    worst = compared().rows[-1]
    assert worst.improvement.probability == 0 and worst.improvement.interval is None
    assert worst.standing == "unclear"
